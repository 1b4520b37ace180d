import type { Observation, Observations } from './observation.ts';
import { type Script, type Step, topics } from './script.ts';
import { ScriptClient } from './script-client.ts';
import type { ScriptConnection } from './script-connection.ts';

const plainConnect = {
  step: 'connect',
  version: 5,
  clean: true,
  sessionExpiry: 0,
  withheld: 'none',
} as const;

/**
 * Plays scripts to one broker. After each step it waits until the broker is quiet, so that what a client
 * sees belongs to a step; after each script it leaves no session and no retained message behind.
 */
export class Player {
  readonly #port: number;
  /** Connected all the time, so that there is always someone to ping. */
  readonly #watcher: ScriptClient;

  constructor(port: number) {
    this.#port = port;
    this.#watcher = new ScriptClient('watcher', port);
  }

  async play(script: Script): Promise<Observations> {
    const clients = script.habits.map((_, number) => new ScriptClient(`c${number}`, this.#port));
    const seen: Observation[][] = clients.map(() => []);
    if (this.#watcher.connection === undefined) {
      await this.#watcher.connect({ ...plainConnect, client: -1 });
    }
    for (const step of script.steps) {
      await take(step, clients);
      await this.#quiet(clients);
      for (const [number, client] of clients.entries()) {
        seen[number]?.push(client.takeObservation());
      }
    }
    await this.#cleanUp(clients);
    return seen;
  }

  async close(): Promise<void> {
    await this.#watcher.connection?.cut();
  }

  /** Everyone pings until two rounds in a row have moved nothing else. */
  async #quiet(clients: readonly ScriptClient[]): Promise<void> {
    for (let quietRounds = 0; quietRounds < 2; ) {
      const connections = [...clients, this.#watcher]
        .map(({ connection }) => connection)
        .filter((connection) => connection !== undefined);
      const before = traffic(connections);
      await Promise.all(connections.map((connection) => connection.ping()));
      quietRounds = traffic(connections) === before ? quietRounds + 1 : 0;
    }
  }

  async #cleanUp(clients: readonly ScriptClient[]): Promise<void> {
    await Promise.all(clients.map((client) => client.cut()));
    for (const client of clients) {
      // The session ends here, and with it the delay of a will.
      await client.connect({ ...plainConnect, client: -1 });
    }
    await Promise.all(clients.map((client) => client.disconnect(0, undefined)));
    this.#watcher.publish(
      topics.map((topic) => ({ topic, payload: '', qos: 0, retain: true, properties: {} })),
    );
    await this.#quiet([]);
    this.#watcher.takeObservation();
  }
}

function traffic(connections: readonly ScriptConnection[]): number {
  return connections.reduce((sum, connection) => sum + connection.traffic, connections.length);
}

async function take(step: Step, clients: readonly ScriptClient[]): Promise<void> {
  if (step.step === 'together') {
    for (const { client, messages } of step.bursts) clients[client]?.publish(messages);
    return;
  }
  const client = clients[step.client];
  switch (step.step) {
    case 'connect':
      return await client?.connect(step);
    case 'subscribe':
      return client?.subscribe(step);
    case 'unsubscribe':
      return client?.unsubscribe(step.filters);
    case 'publish':
      return client?.publish(step.messages);
    case 'interrupt':
      return await client?.interrupt(step.message, step.seenPubrec, step.resend);
    case 'release':
      return client?.release();
    case 'disconnect':
      return await client?.disconnect(step.reasonCode, step.sessionExpiry);
    case 'cut':
      return await client?.cut();
  }
}
