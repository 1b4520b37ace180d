import { createBroker } from '@sluice/core';
import { sys } from '@sluice/sys';
import { authOf } from '../auth-of.ts';
import { brokerOptionsOf } from '../broker-options-of.ts';
import { addressOf, type ListenerOptions, type ResolvedConfig, resolveConfig } from '../config.ts';
import { checkRules } from '../config-rules.ts';
import { readConfig } from '../layers.ts';
import { limitsOf } from '../limits-of.ts';
import { urlOf } from '../listeners/listener.ts';
import { prepareListener } from '../listeners/open.ts';
import type { Terminal } from '../terminal.ts';

/** Validates what `start` would start with the same arguments, and every file that it names, and prints it. */
export async function check(args: readonly string[], terminal: Terminal): Promise<number> {
  const config = resolveConfig(readConfig(args, terminal.environment));
  checkRules(config);
  for (const listener of config.listeners) prepareListener(listener);
  await (await authOf(config))?.load();
  await limitsOf(config).bans?.reload();
  if (config.sys !== false) sys(config.sys);
  await (await createBroker(brokerOptionsOf(config))).close();
  terminal.output.write(`${describe(config).join('\n')}\n`);
  return 0;
}

function describe(config: ResolvedConfig): string[] {
  const { persistence, users, rules, jwt, certificate, allowAnonymous, limits } = config;
  const asked = ['connectRate', 'messageRate', 'sessionsPerUser', 'bans'] as const;
  return [
    ...config.listeners.map((listener) => `listener     ${listenerUrl(listener)}`),
    `persistence  ${
      persistence === 'memory'
        ? 'memory'
        : `${persistence.path}, durability ${persistence.durability}`
    }`,
    `users        ${users ?? 'none'}${allowAnonymous === false ? '' : ', anonymous clients allowed'}`,
    ...(jwt === undefined ? [] : [`tokens       ${Object.keys(jwt.keys)[0]}`]),
    ...(certificate === undefined ? [] : ['certificates say who clients are']),
    `rules        ${rules ?? 'none'}`,
    ...Object.entries(limits).map(([name, value]) => `limit        ${name} ${value}`),
    ...asked
      .filter((key) => config[key] !== undefined)
      .map((key) => `limit        ${key} ${JSON.stringify(config[key])}`),
    `log level    ${config.logLevel}`,
    `close grace  ${config.closeGraceMs} ms`,
  ];
}

const schemes = { tcp: 'mqtt', tls: 'mqtts', ws: 'ws', wss: 'wss' } as const;

function listenerUrl(listener: ListenerOptions): string {
  if (listener.type === 'unix') return `unix:${listener.path}`;
  const { host, port } = addressOf(listener);
  const path = 'path' in listener ? (listener.path ?? '') : '';
  return urlOf(schemes[listener.type], host, port) + path;
}
