/** Partial responses: the `fields` parameter (`items(id,etag),nextPageToken`, `items/id`). */

interface Mask {
  [name: string]: Mask | true;
}

/** Keeps only the selected fields of a resource. */
export function selectFields(value: unknown, fields: string): unknown {
  return apply(value, parse(fields));
}

function parse(text: string): Mask {
  let at = 0;
  function list(): Mask {
    const mask: Mask = {};
    while (at < text.length && text[at] !== ')') {
      if (text[at] === ',') {
        at += 1;
        continue;
      }
      let end = at;
      while (end < text.length && !',()/'.includes(text[end] as string)) end += 1;
      const name = text.slice(at, end).trim();
      at = end;
      let inner: Mask | true = true;
      if (text[at] === '/') {
        at += 1;
        inner = single();
      } else if (text[at] === '(') {
        at += 1;
        inner = list();
        at += 1;
      }
      const known = mask[name];
      mask[name] = known && known !== true && inner !== true ? { ...known, ...inner } : inner;
    }
    return mask;
  }
  function single(): Mask {
    let end = at;
    while (end < text.length && !',()/'.includes(text[end] as string)) end += 1;
    const name = text.slice(at, end).trim();
    at = end;
    if (text[at] === '/') {
      at += 1;
      return { [name]: single() };
    }
    if (text[at] === '(') {
      at += 1;
      const inner = list();
      at += 1;
      return { [name]: inner };
    }
    return { [name]: true };
  }
  return list();
}

function apply(value: unknown, mask: Mask | true): unknown {
  if (mask === true || value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((item) => apply(item, mask));
  const all = mask['*'];
  const kept: Record<string, unknown> = {};
  for (const [name, inner] of Object.entries(value)) {
    const wanted = mask[name] ?? all;
    if (wanted) kept[name] = apply(inner, wanted);
  }
  return kept;
}
