/** The page of `npm start` in a real browser, from connecting to disconnecting. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { addDays } from '../../functions/core/time.ts';
import { type Stack, startStack } from '../sandbox/stack.ts';

const CANDIDATES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const executablePath = [process.env.CHROMIUM ?? '', ...CANDIDATES].find((p) => p && existsSync(p));
const ARGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const MIRA = 'mira.sutter@brunnhof.example';

function skipReason(): string | false {
  if (executablePath) return false;
  const reason = 'no Chromium: apt-get install chromium, or set CHROMIUM';
  if (process.env.REQUIRE_BROWSER === '1') throw new Error(reason);
  console.warn(`\n*** SKIPPED: ${reason} ***\n`);
  return reason;
}

const skip = skipReason();
let stack: Stack;
let browser: Browser;
const complaints: string[] = [];

before(async () => {
  if (skip) return;
  const quiet = { events: () => {}, scheduler: false, env: { LOG_LEVEL: 'silent' } };
  stack = await startStack({ port: 0, seed: true, ...quiet });
  browser = await chromium.launch({ executablePath: executablePath as string, args: ARGS });
});

after(async () => {
  await browser?.close();
  await stack?.close();
});

/** A page whose errors fail the test. */
async function open(context: BrowserContext, path: string): Promise<Page> {
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  page.on('console', (m) => {
    if (m.type() === 'error') complaints.push(`${page.url()}: ${m.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(`${page.url()}: ${error.message}`));
  await page.goto(stack.url + path);
  return page;
}

const card = (page: Page, text: string) => page.locator('#records .card', { hasText: text });
const event = (page: Page, text: string) => page.locator('#calendar .event', { hasText: text });

test('a user connects, both sides follow each other, the user disconnects', { skip }, async () => {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await open(context, '/?user=mira');

  await page.getByText('Not connected').waitFor();
  await card(page, '').nth(2).waitFor();
  assert.equal(await card(page, '').count(), 3, 'the CRM has three entries');
  assert.equal(await event(page, '').count(), 0, 'Google has none yet');

  await page.getByRole('link', { name: 'Connect' }).click();
  await page.locator('form[action$="/connect"] button').first().click();
  await page.getByLabel('Account').fill(MIRA);
  await page.getByRole('button', { name: 'Allow' }).click();
  await page.locator('main[data-view="active"]').waitFor();

  await page.goto(`${stack.url}/?user=mira`);
  await page.getByText('Connected', { exact: true }).waitFor();
  await event(page, 'Needs analysis').waitFor();
  assert.equal(await event(page, '').count(), 3, 'the first sync wrote what had waited');

  // Moved on the phone by mouse: half an hour down, and the CRM follows.
  const box = await event(page, 'Needs analysis').boundingBox();
  assert.ok(box);
  await page.mouse.move(box.x + 30, box.y + 15);
  await page.mouse.down();
  await page.mouse.move(box.x + 30, box.y + 30, { steps: 4 });
  await page.mouse.move(box.x + 30, box.y + 15 + 27, { steps: 4 });
  await page.mouse.up();
  await card(page, 'Needs analysis').filter({ hasText: '14:30–15:30' }).waitFor();

  // By keyboard: a day later.
  await event(page, 'Needs analysis').focus();
  await page.keyboard.press('ArrowRight');
  await page
    .locator('#records .day', { hasText: 'Thursday' })
    .locator('.card', { hasText: 'Needs analysis' })
    .waitFor();

  // Changed in the CRM, and Google follows.
  await card(page, 'Needs analysis').click();
  await page.getByLabel('Subject').fill('Needs analysis, second part');
  await page.getByRole('button', { name: 'Save' }).click();
  await event(page, 'second part').waitFor();

  // Made and deleted at Google.
  await page.getByRole('button', { name: 'New event' }).click();
  await page.getByLabel('Subject').fill('Lunch at the lake');
  await page.getByRole('button', { name: 'Save' }).click();
  await card(page, 'Lunch at the lake').getByText('From Google').waitFor();
  await event(page, 'Lunch at the lake').focus();
  await page.keyboard.press('Delete');
  await card(page, 'Lunch at the lake').waitFor({ state: 'detached' });

  await page.getByRole('link', { name: 'Manage' }).click();
  await page.locator('form[action$="/disconnect"] button').click();
  await page.locator('main[data-view="disconnected"]').waitFor();
  await page.goto(`${stack.url}/?user=mira`);
  await page.getByText('Disconnected', { exact: true }).waitFor();
  assert.equal(stack.workspace.oauth.refreshTokens(MIRA).length, 0, 'Google forgot the consent');
  assert.deepEqual(complaints, []);
  await context.close();
});

test('free slots beside the calendar follow who is chosen and what changes', { skip }, async () => {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await open(context, '/?user=anna');
  await page.locator('#free-slots section').first().or(page.getByText('No time')).waitFor();
  // By date, not as "Wed": until the last week is read the slots of an earlier one may still stand there.
  const monday = await page.locator('#calendar .slots').first().getAttribute('data-day');
  const date = addDays(monday as string, 3 * 7 + 2);
  const next = page.getByRole('button', { name: 'Next week' });
  for (let week = 0; week < 3; week++) await next.click();
  const day = page.locator(`#free-slots section[data-day="${date}"]`);
  const slots = () => day.getByRole('button').allTextContents();
  await day.getByText('08:00–18:00').waitFor();

  await page.getByLabel('Luca Moretti').check();
  const at = (hour: number) => ({ dateTime: `${date}T${hour}:00:00`, timeZone: 'Europe/Zurich' });
  const made = await fetch(`${stack.url}/google/calendar/v3/calendars/primary/events`, {
    method: 'POST',
    headers: { authorization: 'Bearer user:luca.moretti@brunnhof.example' },
    body: JSON.stringify({ summary: 'Dentist', start: at(10), end: at(11) }),
  });
  assert.equal(made.status, 200);
  await day.getByText('11:00–18:00').waitFor();
  assert.deepEqual(await slots(), ['08:00–10:00', '11:00–18:00']);
  assert.equal(await page.locator('#free').getByText('Dentist').count(), 0);

  await day.getByText('11:00–18:00').click();
  assert.equal(await page.locator('#form [name="start"]').inputValue(), `${date}T11:00`);
  assert.equal(await page.locator('#form [name="end"]').inputValue(), `${date}T12:00`);
  await page.getByRole('button', { name: 'Cancel' }).click();

  await page.getByLabel('Luca Moretti').uncheck();
  await day.getByText('08:00–18:00').waitFor();
  await page.getByLabel('Mira Sutter').check();
  await page.locator('#free-slots .none', { hasText: 'Mira Sutter' }).waitFor();
  assert.equal(await page.locator('#free-slots section').count(), 0, 'not known is not free');
  assert.deepEqual(complaints, []);
  await context.close();
});

/** The cards of contacts or tasks on one side. */
const cards = (page: Page, list: string, text: string) =>
  page.locator(`#${list} .card`, { hasText: text });

test('contacts and tasks follow each other as well', { skip }, async () => {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await open(context, '/?user=luca');
  const button = (name: string) => page.getByRole('button', { name, exact: true });
  const inCrm = (text: string) => cards(page, 'crm-contacts', text);
  const google = (text: string) => cards(page, 'google-contacts', text);

  // From the CRM, changed there, and Google follows.
  await google('Noémie Rochat').waitFor();
  await button('New contact in the CRM').click();
  await page.getByLabel('First name').fill('Ida');
  await page.getByLabel('Last name').fill('Brand');
  await page.getByLabel('Email').fill('ida@brand.example');
  await button('Save').click();
  await google('Ida Brand').getByText('CRM', { exact: true }).waitFor();
  await inCrm('Ida Brand').click();
  await page.getByLabel('Company').fill('Brand GmbH');
  await button('Save').click();
  await google('Brand GmbH').waitFor();

  // Changed at Google, and given the label there.
  await google('Ida Brand').click();
  await page.getByLabel('Phone').fill('+41 44 111 22 33');
  await button('Save').click();
  await inCrm('Ida Brand').getByText('+41 44 111 22 33').waitFor();
  await button('New contact at Google').click();
  await page.getByLabel('First name').fill('Otto');
  await button('Save').click();
  await inCrm('Otto').getByText('From Google').waitFor();

  // Tasks: done in the CRM, made, ticked off and deleted at Google.
  await cards(page, 'google-tasks', 'Call Ms Rochat back').waitFor();
  await cards(page, 'crm-tasks', 'Call Ms Rochat back').click();
  await page.getByLabel('Done').check();
  await button('Save').click();
  await page.locator('#google-tasks .card.done', { hasText: 'Call Ms Rochat back' }).waitFor();
  await button('New task at Google').click();
  await page.getByLabel('Title').fill('Order samples');
  await page.getByLabel('Due').fill('2027-01-15');
  await button('Save').click();
  await cards(page, 'crm-tasks', 'Order samples').getByText('15 Jan').waitFor();
  await cards(page, 'google-tasks', 'Order samples').click();
  await button('Delete').click();
  await cards(page, 'crm-tasks', 'Order samples').waitFor({ state: 'detached' });
  assert.deepEqual(complaints, []);
  await context.close();
});

/** Whether one of these elements can be seen: its middle is in the window, with nothing above it. */
const seen = (selector: string) => `[...document.querySelectorAll('${selector}')].some((node) => {
  const { left, top, width, height } = node.getBoundingClientRect();
  return node.contains(document.elementFromPoint(left + width / 2, top + height / 2));
})`;

test('all three record types of both sides are seen at once, on a desk and on a tablet', {
  skip,
}, async () => {
  for (const width of [1400, 800]) {
    const context = await browser.newContext({ viewport: { width, height: 900 } });
    const page = await open(context, '/?user=anna');
    await event(page, 'Annual review').waitFor();
    await card(page, 'Annual review').waitFor();
    await cards(page, 'google-contacts', 'Martin Egger').waitFor();
    await cards(page, 'google-tasks', 'Send the offer').waitFor();
    for (const part of [
      '#records .card',
      '#crm-contacts .card',
      '#crm-tasks .card',
      '#calendar .event',
      '#google-contacts .card',
      '#google-tasks .card',
    ])
      assert.equal(await page.evaluate(seen(part)), true, `${part} at ${width} px`);
    const wide = await page.evaluate('document.documentElement.scrollWidth');
    assert.ok(Number(wide) <= width, `${width} px: it is ${wide} wide`);
    await context.close();
  }
  assert.deepEqual(complaints, []);
});

test('on a phone the three parts are tabs and nothing runs off the screen', { skip }, async () => {
  const context = await browser.newContext({
    viewport: { width: 360, height: 740 },
    isMobile: true,
    hasTouch: true,
  });
  const page = await open(context, '/?user=anna');
  await card(page, 'Annual review').waitFor();
  assert.equal(await page.locator('#calendar').isVisible(), false);
  for (const name of ['Between', 'Google', 'CRM']) {
    await page.getByRole('tab', { name }).tap();
    const width = await page.evaluate('document.documentElement.scrollWidth');
    assert.ok(Number(width) <= 360, `${name} is ${width} wide`);
  }
  await cards(page, 'crm-tasks', 'Send the offer').scrollIntoViewIfNeeded();
  assert.equal(await page.evaluate(seen('#crm-tasks .card')), true, 'tasks are below');
  await page.getByRole('tab', { name: 'Google' }).tap();
  await event(page, 'Site inspection').tap();
  await page.getByLabel('Place').fill('Turnhalle, Stäfa');
  await page.getByRole('button', { name: 'Save' }).tap();
  await page.getByRole('tab', { name: 'CRM' }).tap();
  await card(page, 'Site inspection').getByText('Turnhalle, Stäfa').waitFor();
  const small = await page.evaluate(`[...document.querySelectorAll('button, a.button')]
    .filter((b) => b.offsetParent && !b.closest('.slots') && b.getBoundingClientRect().height < 34)
    .map((b) => b.outerHTML.slice(0, 80))`);
  assert.deepEqual(small, [], 'everything is large enough for a finger');
  assert.deepEqual(complaints, []);
  await context.close();
});

test('faults are added, seen to strike, and cleared on the page', { skip }, async () => {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await open(context, '/?user=anna');
  const dialog = page.getByRole('dialog', { name: 'Faults' });
  await card(page, 'Annual review').waitFor();
  await page.getByRole('button', { name: 'Faults' }).click();
  await dialog.getByText('Nothing goes wrong.').waitFor();
  await dialog.getByLabel('Method').selectOption('events.insert');
  await dialog.getByLabel('HTTP status').fill('200');
  await dialog.getByRole('button', { name: 'Add fault' }).click();
  await dialog.getByRole('alert').getByText('must be a whole number from 400 to 599').waitFor();
  // That refusal is meant: the browser says it on its console as well.
  complaints.length = 0;
  await dialog.getByLabel('HTTP status').fill('503');
  await dialog.getByRole('button', { name: 'Add fault' }).click();
  const added = dialog.getByText('calendar, events.insert: An error is answered (503)');
  await added.waitFor();
  await dialog.getByRole('button', { name: 'Close' }).click();
  await page.getByRole('button', { name: 'Faults 1' }).waitFor();

  await page.getByRole('button', { name: 'New entry' }).click();
  await page.getByLabel('Subject').fill('In spite of it');
  await page.getByRole('button', { name: 'Save' }).click();
  await event(page, 'In spite of it').waitFor();

  await page.getByRole('button', { name: 'Faults' }).click();
  await dialog.getByText('struck 1 ×, spent').waitFor();
  await dialog.getByLabel('Service').selectOption('pubsub');
  await dialog.getByLabel('What goes wrong').selectOption('duplicate');
  await dialog.getByRole('button', { name: 'Add fault' }).click();
  await dialog.getByText('It is delivered again (1)').waitFor();
  await dialog.getByRole('button', { name: /^Clear: calendar/ }).click();
  await added.waitFor({ state: 'detached' });
  await dialog.getByRole('button', { name: 'Clear all' }).click();
  await dialog.getByText('Nothing goes wrong.').waitFor();
  assert.deepEqual(stack.faults.list({ spent: true }), []);
  assert.deepEqual(complaints, []);
  await context.close();
});
