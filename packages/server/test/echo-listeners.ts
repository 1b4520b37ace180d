import type { Duplex } from 'node:stream';
import type { ConnectionInfo } from '@sluice/plugin';
import type { ListenerOptions } from '../src/config.ts';
import { type ArrivalLimits, Arrivals } from '../src/listeners/arrivals.ts';
import type { Listener } from '../src/listeners/listener.ts';
import { prepareListener } from '../src/listeners/open.ts';
import { createLogger } from '../src/logging.ts';

/** Listeners in front of something that sends back what it gets, and remembers who came. */
export class EchoListeners {
  readonly infos: Partial<ConnectionInfo>[] = [];
  readonly log: string[] = [];
  readonly #opened: Listener[] = [];
  readonly #streams: Duplex[] = [];

  async open(options: ListenerOptions, limits: Partial<ArrivalLimits> = {}): Promise<OpenListener> {
    const logger = createLogger('debug', { write: (line) => void this.log.push(line) });
    const arrivalLimits = { timeoutMs: 5_000, maxPending: 100, maxPendingPerAddress: 100 };
    const listener = await prepareListener(options)({
      handle: (stream: Duplex, info: Partial<ConnectionInfo> = {}) => {
        this.infos.push(info);
        this.#streams.push(stream);
        stream.on('error', () => {});
        stream.pipe(stream);
      },
      logger,
      arrivals: new Arrivals({ ...arrivalLimits, ...limits }, logger),
      maxPacketBytes: 1_000,
      maxConnectPacketBytes: 65_536,
    });
    this.#opened.push(listener);
    if (listener.port === undefined) throw new Error('the listener has no port');
    return { ...listener, port: listener.port };
  }

  /** Reasons of the refusals in the log. */
  get refusals(): string[] {
    return this.log
      .map((line) => JSON.parse(line))
      .filter(({ msg }) => msg === 'connection refused')
      .map(({ reason }) => reason);
  }

  close(): void {
    for (const listener of this.#opened) {
      listener.stop();
      listener.destroy();
    }
    for (const stream of this.#streams) stream.destroy();
  }
}

export type OpenListener = Listener & { readonly port: number };
