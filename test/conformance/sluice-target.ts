import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auth, hashPasswordForScram } from '@sluice/auth';
import { type Capability, opener, type Target } from '@sluice/conformance';
import { type BrokerOptions, createBroker } from '@sluice/core';
import { level } from '@sluice/persistence-level';
import { allow, deny, type Plugin, type PluginContext } from '@sluice/plugin';
import { attachWebSocket } from '@sluice/server';

/** A way to set Sluice up, and what it means for the cases. */
export interface Setup {
  readonly persistence: 'memory' | 'level';
  readonly options?: Pick<BrokerOptions, 'limits' | 'features'>;
  /** What it does not offer: cases that need it are left out, and no others. */
  readonly lacks: readonly Capability[];
  /** Cases about what the standard leaves open, where it takes the choice that shows nothing. */
  readonly invisible: readonly string[];
}

const restrictions: readonly Capability[] = [
  'limited-qos',
  'no-retain',
  'no-wildcards',
  'no-shared',
  'no-subscription-identifiers',
];

const usual = {
  lacks: [...restrictions, 'server-keep-alive'],
  invisible: ['each-copy-has-the-identifier-of-its-subscription'],
} as const;

/** With the defaults, and messages and sessions in memory. */
export const inMemory: Setup = { persistence: 'memory', ...usual };

/** With the defaults, and messages and sessions on disk. */
export const onDisk: Setup = { persistence: 'level', ...usual };

/** Everything that can be announced as limited or unavailable is. */
export const narrow: Setup = {
  persistence: 'memory',
  lacks: [
    'retain',
    'wildcards',
    'subscription-identifiers',
    'shared',
    'qos2',
    'topic-alias',
    'server-keep-alive',
  ],
  invisible: [],
  options: {
    limits: { maxQos: 1, topicAliasMaximum: 0 },
    features: {
      retain: false,
      wildcardSubscriptions: false,
      subscriptionIdentifiers: false,
      sharedSubscriptions: false,
    },
  },
};

/** Tells every client to be heard of soon. */
export const impatient: Setup = {
  persistence: 'memory',
  options: { limits: { maxKeepAliveSeconds: 3 } },
  lacks: restrictions,
  invisible: [
    ...usual.invisible,
    'keep-alive-0-switches-it-off',
    'keep-alive-of-the-client-is-not-cut',
  ],
};

/** A broker that runs, and how to reach it. */
export interface RunningTarget {
  readonly target: Target;
  close(): Promise<void>;
}

const refusedUser = 'refused';
const refusedTopic = 'refused';

/** Refuses one user and one tree of topics: what the suite has to know of a broker's rules. */
const rules: Plugin = {
  name: 'rules',
  setup(context) {
    const isRefused = (topic: string) =>
      topic === refusedTopic || topic.startsWith(`${refusedTopic}/`);
    context.hook('authenticate', ({ userName }) => (userName === refusedUser ? deny() : allow()));
    context.hook('authorizePublish', ({ message }) =>
      isRefused(message.topic) ? deny() : allow(),
    );
    context.hook('authorizeSubscribe', ({ subscription }) =>
      isRefused(subscription.filter) ? deny() : allow(),
    );
  },
};

const authentication = { userName: 'scram', password: 'pencil' };

/** SCRAM-SHA-256 for one user. Its passwords stay out: whoever names no method may connect as anybody. */
const scram: Plugin = {
  name: 'scram',
  async setup(context) {
    const { userName: name, password } = authentication;
    const users = { users: [{ name, scram: await hashPasswordForScram(password, 4_096) }] };
    const hook: PluginContext['hook'] = (event, handler, options) => {
      if (event === 'exchange') context.hook(event, handler, options);
    };
    await auth({ users }).setup({ ...context, hook });
  },
};

/** Starts Sluice with TCP and WebSocket listeners on ephemeral ports. */
export async function startSluice(
  setup: Pick<Setup, 'persistence' | 'options'>,
): Promise<RunningTarget> {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-conformance-'));
  const store = setup.persistence === 'level' ? [level({ path: directory })] : [];
  const broker = await createBroker({ ...setup.options, plugins: [rules, scram, ...store] });
  const tcp = createServer({ noDelay: true }, (socket) => broker.handle(socket));
  const http = createHttpServer();
  attachWebSocket(http, broker);
  const target: Target = {
    open: opener({ host: '127.0.0.1', port: await listen(tcp) }),
    openWebSocket: opener({ host: '127.0.0.1', port: await listen(http) }),
    refusedUser,
    refusedTopic,
    authentication,
    // The machine may be busy with other tests.
    patienceMs: 15_000,
  };
  return {
    target,
    async close() {
      tcp.close();
      http.close();
      await broker.close({ graceMs: 100 });
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
