import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import { browserNames } from '../support/foreign.ts';

/** Where screenshots are left for people to look at. */
const screenshots = fileURLToPath(
  new URL('../../node_modules/.cache/screenshots', import.meta.url),
);

/** The Chromium of this machine, without a window. */
export function openBrowser(): Promise<Browser> {
  const [executablePath = ''] = browserNames.map(pathOf).filter((path) => path !== '');
  return chromium.launch({ executablePath });
}

export function screenshotFile(name: string): string {
  mkdirSync(screenshots, { recursive: true });
  return join(screenshots, `${name}.png`);
}

function pathOf(program: string): string {
  const { stdout } = spawnSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' });
  return stdout.trim();
}
