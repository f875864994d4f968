/**
 * Where a place of a bundle is in the sources: `node infra/where.ts crmChange 8:61042`, with line and
 * column from a stack trace in the log. Reads the bundle of the checked-out commit: bundle it first.
 */
import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { join } from 'node:path';

const [name = '', place = ''] = process.argv.slice(2);
const [line = Number.NaN, column = Number.NaN] = place.split(':').map(Number);
const file = join(import.meta.dirname, '../dist/functions', name, 'index.mjs.map');
const map = new SourceMap(JSON.parse(readFileSync(file, 'utf8')));
const found = map.findOrigin(line, column);
console.log('fileName' in found ? `${found.fileName}:${found.lineNumber}` : 'not in the sources');
