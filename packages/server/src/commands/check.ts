import { auth } from '@sluice/auth';
import type { PluginContext } from '@sluice/plugin';
import { addressOf, type ListenerOptions, type ResolvedConfig, resolveConfig } from '../config.ts';
import { checkRules } from '../config-rules.ts';
import { readConfig } from '../layers.ts';
import { urlOf } from '../listeners/listener.ts';
import { prepareListener } from '../listeners/open.ts';
import type { Terminal } from '../terminal.ts';

/** Validates what `start` would start with the same arguments, and every file that it names, and prints it. */
export async function check(args: readonly string[], terminal: Terminal): Promise<number> {
  const config = resolveConfig(readConfig(args, terminal.environment));
  checkRules(config);
  for (const listener of config.listeners) prepareListener(listener);
  await checkAuth(config);
  terminal.output.write(`${describe(config).join('\n')}\n`);
  return 0;
}

/** Sets the plug-in up as the broker would, with nothing behind it: that reads and validates its files. */
async function checkAuth({ users, rules, allowAnonymous }: ResolvedConfig): Promise<void> {
  if (users === undefined && rules === undefined) return;
  const nowhere: PluginContext = {
    hook: () => {},
    provide: () => {},
    broker: { publish: async () => {}, disconnect: () => false },
    reportError: () => {},
  };
  await auth({ users, rules, allowAnonymous }).setup(nowhere);
}

function describe(config: ResolvedConfig): string[] {
  const { persistence, users, rules, allowAnonymous, limits } = config;
  return [
    ...config.listeners.map((listener) => `listener     ${listenerUrl(listener)}`),
    `persistence  ${
      persistence === 'memory'
        ? 'memory'
        : `${persistence.path}, durability ${persistence.durability}`
    }`,
    `users        ${users ?? 'none'}${allowAnonymous ? ', anonymous clients allowed' : ''}`,
    `rules        ${rules ?? 'none'}`,
    ...Object.entries(limits).map(([name, value]) => `limit        ${name} ${value}`),
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
