// Who came, went, subscribed, published, and what never arrived: one line of JSON for each, in a file.
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { createBroker } from '@sluice/core';
import { reasonCodeName } from '@sluice/packet';
import type { Client, Plugin } from '@sluice/plugin';
import { type Running, runIfMain, type StartOptions, serve } from '../serve.ts';

export interface AuditLogOptions {
  /** Lines are added at its end. */
  readonly path: string;
}

export function auditLog({ path }: AuditLogOptions): Plugin {
  return {
    name: 'audit-log',
    async setup(context) {
      const file = createWriteStream(path, { flags: 'a', mode: 0o600 });
      await once(file, 'open'); // a path that cannot be written fails the start
      file.on('error', (error) => context.reportError(error));

      const write = (event: string, fields: object) => {
        file.write(`${JSON.stringify({ at: new Date().toISOString(), event, ...fields })}\n`);
      };

      context.hook('connected', ({ client, sessionPresent }) =>
        write('connected', {
          ...who(client),
          from: client.connection.remoteAddress,
          sessionPresent,
        }),
      );
      context.hook('disconnected', ({ client, by, reasonCode }) =>
        write('disconnected', { ...who(client), by, reason: reasonCodeName(reasonCode) }),
      );
      context.hook('subscribed', ({ client, subscription: { filter, qos } }) =>
        write('subscribed', { ...who(client), filter, qos }),
      );
      context.hook('unsubscribed', ({ client, filter }) =>
        write('unsubscribed', { ...who(client), filter }),
      );
      // The topic and the size, not the payload: logs live longer and are read by more people.
      context.hook('published', ({ client, message: { topic, qos, payload }, receivers }) =>
        write('published', { ...who(client), topic, qos, bytes: payload.length, receivers }),
      );
      context.hook('dropped', ({ clientId, message: { topic, publisherId }, reason }) =>
        write('dropped', { topic, from: publisherId, to: clientId, reason }),
      );
      context.hook('close', async () => {
        file.end();
        await finished(file);
      });
    },
  };
}

function who(client: Client | undefined): object {
  return { clientId: client?.clientId ?? '', identity: client?.identity ?? 'application' };
}

export async function start(options: StartOptions, path = './audit.jsonl'): Promise<Running> {
  return serve(await createBroker({ plugins: [auditLog({ path })] }), options);
}

await runIfMain(import.meta, (options) => start(options, process.argv[3]));
