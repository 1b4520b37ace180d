import { statSync } from 'node:fs';
import type { MqttClient } from 'mqtt';
import type { Browser, Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as house from '../../docs/examples/home-automation/house.ts';
import { foreignPrograms, foreignTest } from '../support/foreign.ts';
import { openBrowser, screenshotFile } from './browser.ts';
import { type Guest, join } from './guest.ts';

const passwords = { anna: 'correct horse', plc: 'battery', service: 'staple' };
const timeout = 60_000;

let running: Awaited<ReturnType<typeof house.start>>;

beforeEach(async () => {
  running = await house.start({ port: 0, mqttPort: 0, passwords, tickMs: 20 });
});

afterEach(() => running.close());

function joinAs(user: keyof typeof passwords, clientId: string): Promise<Guest> {
  const password = passwords[user];
  return join(running.mqttPort, { clientId, username: user, password });
}

/** What is retained, or was published last, by topic. */
async function watch(...filters: string[]): Promise<Map<string, string>> {
  const seen = new Map<string, string>();
  const { client } = await joinAs('anna', `watcher-${filters}`);
  client.on('message', (topic, payload) => seen.set(topic, payload.toString()));
  await client.subscribeAsync(filters, { qos: 1 });
  guests.push(client);
  return seen;
}

const guests: MqttClient[] = [];
afterEach(() => Promise.all(guests.splice(0).map((client) => client.endAsync(true))));

function deviceNamed(name: string): MqttClient {
  const found = running.devices.find(({ options }) => options.clientId === name);
  return found ?? expect.fail(`there is no device ${name}`);
}

describe('the house', () => {
  it('heats when it is too cold, and not when it is too warm', async () => {
    const { client } = await joinAs('anna', 'phone');
    guests.push(client);
    const seen = await watch('home/living-room/+');
    await client.publishAsync('home/living-room/target/set', '22', { qos: 1 });
    await expect.poll(() => seen.get('home/living-room/boiler'), { timeout }).toBe('on');
    await expect
      .poll(() => Number(seen.get('home/living-room/temperature')), { timeout })
      .toBeGreaterThan(21.6);
    expect(seen.get('home/living-room/target')).toBe('22');
    await client.publishAsync('home/living-room/target/set', '15', { qos: 1 });
    await expect.poll(() => seen.get('home/living-room/boiler'), { timeout }).toBe('off');
  });

  it('shows who comes later how things are, and what happened', async () => {
    const { client } = await joinAs('anna', 'phone');
    guests.push(client);
    await client.publishAsync('home/kitchen/light/set', 'on', { qos: 1 });
    await expect
      .poll(async () => (await watch('home/+/light')).get('home/kitchen/light'), { timeout })
      .toBe('on');
    const seen = await watch('home/+/light', 'status/+', 'log/latest');
    await expect.poll(() => seen.get('home/hall/light'), { timeout }).toBe('off');
    await expect
      .poll(() => JSON.parse(seen.get('log/latest') ?? '[]'), { timeout })
      .toContainEqual(expect.objectContaining({ topic: 'home/kitchen/light', value: 'on' }));
    for (const name of ['plc-heating', 'plc-lights', 'heating', 'logger']) {
      await expect.poll(() => seen.get(`status/${name}`), { timeout }).toBe('online');
    }
  });

  it('knows who is offline, cut off or gone in order', async () => {
    const seen = await watch('status/+');
    deviceNamed('plc-lights').options.reconnectPeriod = 0;
    deviceNamed('plc-lights').stream.destroy();
    await expect.poll(() => seen.get('status/plc-lights'), { timeout }).toBe('offline');
    await deviceNamed('logger').endAsync(false, { reasonCode: 0x04 });
    await expect.poll(() => seen.get('status/logger'), { timeout }).toBe('offline');
    expect(seen.get('status/plc-heating')).toBe('online');
  });

  it('lets each client identifier do its own part only', async () => {
    await Promise.all(running.devices.map((client) => client.endAsync(true)));
    const allowed = [
      ['plc', 'plc-heating', 'home/living-room/temperature'],
      ['plc', 'plc-lights', 'home/attic/light'],
      ['service', 'heating', 'home/living-room/boiler/set'],
      ['anna', 'phone', 'home/living-room/target/set'],
      ['service', 'logger', 'status/logger'],
    ] as const;
    for (const [user, clientId, topic] of allowed) {
      const { client } = await joinAs(user, clientId);
      await client.publishAsync(topic, '', { qos: 1 });
      await client.endAsync();
    }
    const denied = [
      ['plc', 'plc-lights', 'home/living-room/temperature'],
      ['plc', 'plc-heating', 'home/hall/light'],
      ['plc', 'plc-heating', 'status/plc-lights'],
      ['service', 'logger', 'home/living-room/boiler/set'],
      ['plc', 'heating', 'home/living-room/boiler/set'],
      ['anna', 'phone', 'home/living-room/boiler/set'],
      ['anna', 'plc-heating', 'home/living-room/temperature'],
    ] as const;
    for (const [user, clientId, topic] of denied) {
      const { client } = await joinAs(user, clientId);
      await expect(client.publishAsync(topic, '', { qos: 1 })).rejects.toThrow('Not authorized');
      await client.endAsync();
    }
    const { client } = await joinAs('plc', 'plc-lights');
    await expect(client.subscribeAsync('#')).rejects.toThrow('Not authorized');
    await client.endAsync();
    await expect(join(running.mqttPort)).rejects.toThrow('Connection refused');
  });
});

describe('the page', () => {
  let browser: Browser | undefined;

  afterEach(async () => {
    await browser?.close();
    browser = undefined;
  });

  async function open(options: Parameters<Browser['newPage']>[0]): Promise<Page> {
    browser ??= await openBrowser();
    const page = await browser.newPage(options);
    page.setDefaultTimeout(timeout);
    await page.goto(`http://127.0.0.1:${running.port}/`);
    return page;
  }

  async function logIn(page: Page, password: string): Promise<void> {
    await page.getByLabel('Password').fill(password);
    await page.keyboard.press('Enter');
  }

  foreignTest(
    [foreignPrograms.browser],
    'shows the house, and is used with the keyboard',
    async () => {
      const problems: string[] = [];
      const page = await open({ viewport: { width: 960, height: 640 } });
      page.on('pageerror', (error) => problems.push(String(error)));
      page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));

      await logIn(page, 'wrong');
      await page.getByRole('alert').getByText('Bad User Name or Password').waitFor();
      expect(await page.locator('#house').isVisible()).toBe(false);
      await logIn(page, passwords.anna);
      await page.getByRole('status').getByText('connected', { exact: true }).waitFor();
      await expect
        .poll(async () => Number(await page.getByLabel('Temperature').first().textContent()))
        .toBeGreaterThan(10);

      // A light: the switch moves when the PLC says that it is on.
      const light = page.getByRole('switch', { name: 'Light in the kitchen' });
      await light.focus();
      await page.keyboard.press('Space');
      await page.locator('[aria-label="Light in the kitchen"][aria-checked="true"]').waitFor();

      // By Tab from one control to the next.
      await page.getByRole('button', { name: 'Half a degree less' }).focus();
      await page.keyboard.press('Tab');
      for (let presses = 1; presses <= 4; presses++) {
        await page.keyboard.press('Enter');
        await page
          .locator('#target')
          .getByText((20 + presses / 2).toFixed(1))
          .waitFor();
      }
      await page.locator('#boiler[data-value="on"]').waitFor();
      await page.locator('#log').getByText('home/kitchen/light: on').waitFor();

      deviceNamed('plc-lights').options.reconnectPeriod = 0;
      deviceNamed('plc-lights').stream.destroy();
      await page
        .locator('#devices li')
        .filter({ hasText: 'plc lights' })
        .getByText('offline')
        .waitFor();
      expect(problems).toEqual([]);

      const file = screenshotFile('home-automation');
      await page.screenshot({ path: file });
      expect(statSync(file).size).toBeGreaterThan(10_000);
    },
  );

  foreignTest([foreignPrograms.browser], 'fits on a phone, in the dark', async () => {
    const page = await open({ viewport: { width: 360, height: 740 }, colorScheme: 'dark' });
    await logIn(page, passwords.anna);
    await page.getByRole('switch').first().waitFor();
    // Text, since the browser's names mean nothing here.
    const ground = await page.evaluate('getComputedStyle(document.body).backgroundColor');
    const width = await page.evaluate('document.documentElement.scrollWidth');
    expect(ground).toBe('rgb(18, 22, 20)');
    expect(width).toBe(360); // nothing sticks out
    await page.screenshot({ path: screenshotFile('home-automation-phone') });
  });
});
