import type { RecordType } from '../core/fields.ts';
import type { Link } from '../core/records.ts';
import type { Run } from './run.ts';

const PAGE = 200;

/** All links of the user's records of a type, page by page; what is stored of them in between is fine. */
export async function* linkPages(run: Run, record: RecordType): AsyncGenerator<Link[]> {
  for (let after: string | undefined; ; ) {
    const links = await run.engine.store.listLinks(run.user.userId, record, PAGE, after);
    yield links;
    if (links.length < PAGE) return;
    after = links.at(-1)?.id;
  }
}
