/** Finds the method behind a path. */
import type { Route, Service } from './protocol.ts';

interface Found {
  service: Service;
  route: Route;
  params: Record<string, string>;
}

/** Splits path and query of a request target. */
export function parseUrl(url: string): { path: string; query: URLSearchParams } {
  const mark = url.indexOf('?');
  if (mark < 0) return { path: url, query: new URLSearchParams() };
  return { path: url.slice(0, mark), query: new URLSearchParams(url.slice(mark + 1)) };
}

/** The route that answers, or null. */
export function findRoute(
  services: readonly Service[],
  method: string,
  path: string,
): Found | null {
  for (const service of services) {
    if (!path.startsWith(service.base)) continue;
    const segments = path.slice(service.base.length).split('/');
    for (const route of service.routes) {
      if (route.http !== method) continue;
      const params = matchPath(route.path.split('/'), segments);
      if (params) return { service, route, params };
    }
  }
  return null;
}

function matchPath(pattern: string[], segments: string[]): Record<string, string> | null {
  if (pattern.length !== segments.length) return null;
  const params: Record<string, string> = {};
  for (let i = 0; i < pattern.length; i += 1) {
    const wanted = pattern[i] as string;
    const given = segments[i] as string;
    if (wanted.startsWith('{')) {
      // `{id}:verb` is a custom method of the resource.
      const [name, verb] = wanted.slice(1).split('}') as [string, string];
      if (!given.endsWith(verb) || given === verb) return null;
      try {
        params[name] = decodeURIComponent(given.slice(0, given.length - verb.length));
      } catch {
        return null;
      }
    } else if (wanted !== given) {
      return null;
    }
  }
  return params;
}
