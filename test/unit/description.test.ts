import assert from 'node:assert/strict';
import test from 'node:test';
import {
  composeDescription,
  htmlToText,
  readDescription,
  replaceBlock,
} from '../../functions/core/description.ts';

const record = {
  kind: 'visit',
  status: 'planned',
  customer: { name: 'Muster & Co' },
  contactPersons: [{ name: 'Eva Frei' }],
  url: 'https://crm.example/1',
};

test('the CRM block is shown below the text and never read back', () => {
  const shown = composeDescription('Bring samples', record);
  assert.equal(
    shown,
    'Bring samples\n\n— CRM —\nMuster & Co, Eva Frei\nvisit · planned\nhttps://crm.example/1',
  );
  assert.equal(readDescription(shown), 'Bring samples');
  assert.equal(readDescription(composeDescription(null, record)), null);
});

test('a block is replaced without touching the formatting above it', () => {
  const html = 'Bring <b>samples</b><br><br>— CRM —<br>Old AG<br>visit';
  assert.equal(
    replaceBlock(html, record),
    'Bring <b>samples</b><br><br>— CRM —<br>Muster &amp; Co, Eva Frei<br>visit · planned<br>https://crm.example/1',
  );
  assert.equal(readDescription(replaceBlock(html, record)), 'Bring samples');
  assert.equal(replaceBlock('plain\n\n— CRM —\nOld', {}), 'plain');
});

test('rule 13: HTML becomes plain text; plain text with < and & stays', () => {
  assert.equal(
    htmlToText(
      '<p>Line&nbsp;one</p><ul><li>a &amp; b</li><li><a href="https://x.example">map</a></li></ul>',
    ),
    'Line one\n- a & b\n- map (https://x.example)',
  );
  assert.equal(readDescription('a < b & c > d'), 'a < b & c > d');
  assert.equal(htmlToText('x<br>&#8364;&#x41;'), 'x\n€A');
});
