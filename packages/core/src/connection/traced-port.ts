import { Decoder, type Packet, type ProtocolVersion } from '@sluice/packet';
import type { Client, ConnectionInfo } from '@sluice/plugin';
import type { Port } from '../base/port.ts';
import type { HookRunners } from '../hooks/hooks.ts';

const anySize = 268_435_460;

/** The connection, as the hook `packetSent` sees it. */
interface Traced {
  readonly hooks: HookRunners;
  readonly info: ConnectionInfo;
  readonly client: Client | undefined;
  readonly protocolVersion: ProtocolVersion;
}

/** A port that tells the hook `packetSent`; the port itself when nobody registered it. */
export function tracedPort(port: Port, connection: Traced): Port {
  const { packetSent } = connection.hooks;
  if (packetSent === undefined) return port;
  return new TracedPort(
    port,
    () => connection.protocolVersion,
    (packet) => packetSent({ connection: connection.info, client: connection.client, packet }),
  );
}

/** Tells of every packet that is written to a port. */
class TracedPort implements Port {
  readonly #port: Port;
  readonly #version: () => ProtocolVersion;
  readonly #onPacket: (packet: Packet) => void;
  readonly #waiting: Uint8Array[] = [];
  #decoder: Decoder | undefined;
  #telling = false;
  /** Several writes are to leave as one. */
  #corked = false;

  constructor(port: Port, version: () => ProtocolVersion, onPacket: (packet: Packet) => void) {
    this.#port = port;
    this.#version = version;
    this.#onPacket = onPacket;
  }

  get copies(): boolean {
    return this.#port.copies;
  }

  get pending(): number {
    return this.#port.pending;
  }

  write(bytes: Uint8Array): void {
    this.#port.write(bytes);
    // Who is told of a packet may make the broker write another one, whose memory is used again before its turn comes.
    this.#waiting.push(this.#telling ? Buffer.from(bytes) : bytes);
    if (!this.#corked) this.#tellAll();
  }

  cork(): void {
    this.#corked = true;
    this.#port.cork();
  }

  uncork(): void {
    this.#corked = false;
    this.#port.uncork();
    // Not before: what is written then must not come between the pieces of a packet.
    this.#tellAll();
  }

  accepted(): void {
    this.#port.accepted();
  }

  pause(): void {
    this.#port.pause();
  }

  resume(): void {
    this.#port.resume();
  }

  end(): void {
    this.#port.end();
  }

  destroy(): void {
    this.#port.destroy();
  }

  follow(): void {
    this.#port.follow();
  }

  #tellAll(): void {
    if (this.#telling) return;
    this.#telling = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      this.#tell(next);
    }
    this.#telling = false;
  }

  #tell(bytes: Uint8Array): void {
    // The version is known by the time of the first answer.
    this.#decoder ??= new Decoder({
      role: 'client',
      protocolVersion: this.#version(),
      maxPacketBytes: anySize,
      allowControlCharacters: true,
    });
    this.#decoder.push(bytes);
    for (;;) {
      const packet = this.#decoder.next();
      if (packet === undefined) return;
      this.#onPacket(packet);
    }
  }
}
