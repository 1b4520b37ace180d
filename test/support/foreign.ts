import { spawnSync } from 'node:child_process';
import { type TestContext, test } from 'vitest';

/** A program that is not part of this repository, and what to install where it is missing. */
export interface Foreign {
  readonly name: string;
  /** Prints something and ends with 0 where the program is there. */
  readonly probe: readonly [program: string, ...args: string[]];
  readonly debianPackage: string;
}

/** Debian's own: another one that comes first on the path lacks Debian's packages. */
export const python = '/usr/bin/python3';

/** What a browser that can be driven is called, by the distribution. */
export const browserNames = [
  'chromium-headless-shell',
  'chromium',
  'chromium-browser',
  'google-chrome',
] as const;

export const foreignPrograms = {
  browser: {
    name: 'Chromium or Chrome',
    probe: ['sh', '-c', browserNames.map((name) => `command -v ${name}`).join(' || ')],
    debianPackage: 'chromium-headless-shell',
  },
  python: {
    name: 'python3',
    probe: [python, '-c', 'import os, select, tty'],
    debianPackage: 'python3',
  },
  mosquittoClients: {
    name: 'mosquitto_pub and mosquitto_sub',
    probe: ['sh', '-c', 'command -v mosquitto_pub mosquitto_sub stdbuf'],
    debianPackage: 'mosquitto-clients',
  },
  paho: {
    name: 'paho-mqtt for Python',
    probe: [python, '-c', 'import paho.mqtt.client'],
    debianPackage: 'python3-paho-mqtt',
  },
  asyncioMqtt: {
    name: 'asyncio-mqtt for Python',
    probe: [python, '-c', 'import asyncio_mqtt'],
    debianPackage: 'python3-asyncio-mqtt',
  },
} as const satisfies Record<string, Foreign>;

const { SLUICE_REQUIRE_FOREIGN: requireForeign } = process.env;
const missing = new Map<Foreign, boolean>();

export function isMissing(foreign: Foreign): boolean {
  let answer = missing.get(foreign);
  if (answer === undefined) {
    const [program, ...args] = foreign.probe;
    answer = spawnSync(program, args, { stdio: 'ignore' }).status !== 0;
    missing.set(foreign, answer);
  }
  return answer;
}

/**
 * A test that needs foreign programs: skipped, with the reason, where one is missing. With
 * SLUICE_REQUIRE_FOREIGN=1, as in CI, it fails there instead.
 */
export function foreignTest(
  needed: readonly Foreign[],
  name: string,
  body: () => Promise<void>,
): void {
  const absent = needed.find(isMissing);
  if (absent === undefined) {
    test(name, body);
    return;
  }
  const reason = `${absent.name} is missing: install Debian's ${absent.debianPackage}`;
  if (requireForeign === '1') {
    test(name, () => {
      throw new Error(reason);
    });
    return;
  }
  test(`${name} (skipped: ${reason})`, ({ skip, task }: TestContext) => {
    // The usual report only counts what is skipped.
    process.stderr.write(`${[task.suite?.name, task.name].join(' ')}\n`);
    skip(reason);
  });
}
