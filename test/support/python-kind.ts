import { fileURLToPath } from 'node:url';
import type { ProtocolVersion } from '@sluice/packet';
import type { ClientKind, Received } from './client-kind.ts';
import { foreignPrograms, python } from './foreign.ts';
import { Inbox } from './inbox.ts';
import { LineProcess } from './line-process.ts';
import { authorityFile, host, type ServerProcess, type Transport } from './server-process.ts';

const script = fileURLToPath(new URL('python-client.py', import.meta.url));

/** What the script prints. */
type Event = { readonly event: 'subscribed' } | ({ readonly event: 'message' } & Received);

/** paho-mqtt, or asyncio-mqtt that is built on it. */
export function pythonKind(
  library: 'paho-mqtt' | 'asyncio-mqtt',
  transport: Transport,
  version: ProtocolVersion,
): ClientKind {
  const run = (server: ServerProcess, task: object): LineProcess => {
    const connection = { host, port: server.port(transport), transport, version, authorityFile };
    const defaults = { library, durable: false, clientId: '' };
    return new LineProcess(python, [
      script,
      JSON.stringify({ ...defaults, ...connection, ...task }),
    ]);
  };
  return {
    library,
    transport,
    version,
    needs: [library === 'paho-mqtt' ? foreignPrograms.paho : foreignPrograms.asyncioMqtt],
    // Both take every PUBACK for a yes.
    tellsRefusedPublish: false,
    endsWithWill: false,
    async publish(server, messages, login) {
      const { code, stderr } = await run(server, { messages, login }).ended;
      if (code !== 0) throw new Error(`${library} (${code}): ${stderr}`);
    },
    async subscribe(server, subscription) {
      const child = run(server, subscription);
      const inbox = new Inbox<Received>();
      await new Promise<void>((resolve, reject) => {
        void readEvents(child, inbox, resolve).catch((error: Error) => {
          inbox.fail(error);
          reject(error);
        });
      });
      return {
        next: () => inbox.next(),
        take: (count) => inbox.take(count),
        end: async () => void (await child.end('SIGTERM')),
        kill: async () => void (await child.end('SIGKILL')),
      };
    },
  };
}

async function readEvents(
  child: LineProcess,
  inbox: Inbox<Received>,
  onSubscribed: () => void,
): Promise<never> {
  for (;;) {
    const { event, ...message } = JSON.parse(await child.lines.next()) as Event;
    if (event === 'subscribed') onSubscribed();
    else inbox.push(message as Received);
  }
}
