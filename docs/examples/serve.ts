import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { Broker } from '@sluice/core';

/** An example that runs. */
export interface Running {
  readonly broker: Broker;
  readonly port: number;
  close(): Promise<void>;
}

export interface StartOptions {
  /** 0 for any that is free. */
  readonly port: number;
}

/** Serves a broker on a TCP port of this machine: for examples that are about something else. */
export async function serve(broker: Broker, { port }: StartOptions): Promise<Running> {
  const server = createServer(broker.handle).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    broker,
    port: (server.address() as AddressInfo).port,
    async close() {
      server.close();
      await broker.close({ graceMs: 2_000 });
    },
  };
}

/** Starts an example if it is the program that was run, on the port that its argument says. */
export async function runIfMain(
  { filename }: ImportMeta,
  start: (options: StartOptions) => Promise<Running>,
): Promise<void> {
  if (process.argv[1] !== filename) return;
  const running = await start({ port: Number(process.argv[2] ?? 1883) });
  running.broker.on('error', (error) => console.error(error));
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, running.close);
  console.log(`mqtt://127.0.0.1:${running.port}`);
}
