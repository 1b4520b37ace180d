import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ConnackPacket,
  type Packet,
  PacketType,
  type ProtocolVersion,
  type Qos,
} from '@sluice/packet';
import { Client } from './client.ts';
import { type ConnectFields, connect, publish } from './compose.ts';
import { CaseFailure, NotObservable, NotOffered } from './failures.ts';
import { idsFor, type StatementIds } from './statement-ids.ts';
import {
  type Capability,
  defaultPatienceMs,
  type Features,
  keepAliveOf,
  maximumQosOf,
  type Target,
} from './target.ts';
import { Transcript } from './transcript.ts';

/** A statement: its id where both standards number it alike, else one for each. */
export type StatementId = string | { readonly v5?: string; readonly v311?: string };

let lastTrial = 0;

/** What a trial has to know of its case. */
interface TrialCase {
  readonly name: string;
  readonly ids: StatementIds;
  readonly needs?: readonly Capability[];
}

/** One run of a case in one version: makes its clients, names and topics, and notes what was checked. */
export class Trial {
  readonly version: ProtocolVersion;
  readonly target: Target;
  readonly transcript: Transcript = new Transcript();
  /** Statements of which a check held. */
  readonly checked: Set<string> = new Set();
  readonly #case: TrialCase;
  readonly #features: Features;
  readonly #unique: string;
  readonly #clients: Client[] = [];
  #lastClientId = 0;
  readonly #kept: Set<string> = new Set();
  readonly #retained: Set<string> = new Set();

  constructor(definition: TrialCase, version: ProtocolVersion, target: Target, features: Features) {
    this.#case = definition;
    this.version = version;
    this.target = target;
    this.#features = features;
    lastTrial++;
    const start = Math.trunc(performance.timeOrigin).toString(36).slice(-5);
    this.#unique = `${start}${lastTrial.toString(36)}`;
  }

  /** What the broker said to a client of this version that asked for nothing. */
  get connack(): ConnackPacket {
    return this.#features.connacks.get(this.version) as ConnackPacket;
  }

  /** How long the broker may take for an answer, in milliseconds. */
  get patienceMs(): number {
    return this.target.patienceMs ?? defaultPatienceMs;
  }

  /** A client on a new stream that has sent nothing yet. */
  async open(
    clientId: string = this.clientId(),
    version: ProtocolVersion = this.version,
  ): Promise<Client> {
    const client = new Client(await this.target.open(), {
      version,
      clientId,
      label: `client ${this.#clients.length + 1}`,
      transcript: this.transcript,
      patienceMs: this.patienceMs,
      onSend: (packet) => this.#onSend(packet),
    });
    this.#clients.push(client);
    return client;
  }

  /** A client that is connected; the case fails if the broker refuses it. `version` overrides the trial's. */
  async connect(fields: ConnectFields & { version?: ProtocolVersion } = {}): Promise<Client> {
    const { version = this.version, ...rest } = fields;
    const client = await this.open(fields.clientId, version);
    const { reasonCode } = await client.connect(this.withCredentials(rest));
    if (reasonCode !== 0)
      throw new CaseFailure(`CONNACK 0x00 was expected, not ${code(reasonCode)}`);
    return client;
  }

  /** The fields of a CONNECT, with the credentials of the target and a keep alive that the broker takes. */
  withCredentials(fields: ConnectFields = {}): ConnectFields {
    const { userName, password } = this.target;
    return {
      keepAlive: keepAliveOf(this.#features.connacks),
      ...(userName !== undefined && { userName }),
      ...(password !== undefined && { password }),
      ...fields,
    };
  }

  /** A client id of this trial only: at most 23 characters, letters and digits. */
  clientId(suffix?: string): string {
    this.#lastClientId++;
    return `c${this.#unique}${suffix ?? `n${this.#lastClientId}`}`;
  }

  /** A topic of this trial only. */
  topic(suffix: string = 'topic'): string {
    return `${this.target.topicPrefix ?? 'sluice-conformance'}/${this.#unique}/${suffix}`;
  }

  /** Fails the case, and this statement of it, unless the condition holds. */
  check(id: StatementId, condition: boolean, message: string): void {
    const statement = this.#statement(id);
    if (!condition) throw new CaseFailure(message, statement);
    if (statement !== undefined) this.checked.add(statement);
  }

  /** What fails in `body` breaks this statement; when it ends well, the statement was checked. */
  async about<Value>(id: StatementId, body: () => Promise<Value>): Promise<Value> {
    const statement = this.#statement(id);
    try {
      const value = await body();
      if (statement !== undefined) this.checked.add(statement);
      return value;
    } catch (error) {
      if (!(error instanceof CaseFailure) || error.statement !== undefined) throw error;
      throw new CaseFailure(error.message, statement);
    }
  }

  /** Runs variants side by side; the failure names each one that failed. */
  async each<Value>(
    variants: Readonly<Record<string, Value>>,
    body: (value: Value, name: string) => Promise<void>,
  ): Promise<void> {
    const failures: CaseFailure[] = [];
    await Promise.all(
      Object.entries(variants).map(async ([name, value]) => {
        try {
          await body(value, name);
        } catch (error) {
          if (!(error instanceof CaseFailure)) throw error;
          failures.push(new CaseFailure(`${name}: ${error.message}`, error.statement));
        }
      }),
    );
    if (failures.length === 0) return;
    const messages = failures.map(({ message }) => message);
    throw new CaseFailure(messages.join('\n'), failures[0]?.statement);
  }

  /** What the broker takes of QoS 0, 1 and 2, from this one up. Ends the case when that is nothing. */
  qosFrom(lowest: Qos): readonly Qos[] {
    const maximum = maximumQosOf(this.#features.connacks);
    if (lowest > maximum) throw new NotOffered(`needs QoS ${lowest}`);
    return ([0, 1, 2] as const).filter((qos) => qos >= lowest && qos <= maximum);
  }

  /** Runs `body` at each QoS that the broker takes, from this one up, side by side. */
  eachQos(lowest: Qos, body: (qos: Qos, name: string) => Promise<void>): Promise<void> {
    const levels = this.qosFrom(lowest).map((qos) => [`QoS ${qos}`, qos] as const);
    return this.each(Object.fromEntries(levels), body);
  }

  /** Ends the case: this broker does, as the standard allows, what makes the matter invisible. */
  excuse(reason: string): never {
    throw new NotObservable(reason);
  }

  async sleep(ms: number): Promise<void> {
    await sleep(ms);
  }

  /** Drops the clients, and ends the sessions and retained messages that the case made. */
  async cleanUp(): Promise<void> {
    for (const client of this.#clients) client.drop();
    if (this.#kept.size === 0 && this.#retained.size === 0) return;
    const version = this.#features.connacks.has(5) ? 5 : this.version;
    for (const clientId of this.#kept) {
      await this.#briefly(new Set(), clientId, version);
    }
    if (this.#retained.size > 0) {
      await this.#briefly(this.#retained, this.clientId('z'), version);
    }
  }

  async #briefly(
    topics: ReadonlySet<string>,
    clientId: string,
    version: ProtocolVersion,
  ): Promise<void> {
    const client = await this.open(clientId, version);
    client.send(connect(version, this.withCredentials({ clientId })));
    await client.receive();
    for (const topic of topics) client.send(publish({ topic, retain: true }));
    await client.disconnect();
  }

  #onSend(packet: Packet): void {
    // Nearly every case publishes at QoS 1: the few brokers without it are found here, not by a need.
    if (!this.#case.needs?.includes('limited-qos')) this.qosFrom(qosOf(packet));
    this.#remember(packet);
  }

  #remember(packet: Packet): void {
    if (packet.type === PacketType.publish && packet.retain && packet.payload.length > 0) {
      this.#retained.add(packet.topic);
    }
    if (packet.type !== PacketType.connect || packet.clientId === '') return;
    if (packet.will?.retain) this.#retained.add(packet.will.topic);
    const { protocolVersion, cleanStart, properties } = packet;
    const isKept = protocolVersion === 5 ? properties.sessionExpiryInterval : !cleanStart;
    if (isKept) this.#kept.add(packet.clientId);
  }

  #statement(id: StatementId): string | undefined {
    const own = typeof id === 'string' ? id : this.version === 5 ? id.v5 : id.v311;
    if (own === undefined) return undefined;
    const known = idsFor(this.#case, this.version);
    if (known.includes(own)) return own;
    // Where both standards have the number but only one has the statement.
    if (typeof id === 'string' && this.version === 3) return undefined;
    throw new TypeError(
      `the case ${this.#case.name} does not name ${own} for version ${this.version}`,
    );
  }
}

function qosOf(packet: Packet): Qos {
  if (packet.type === PacketType.publish) return packet.qos;
  return packet.type === PacketType.connect ? (packet.will?.qos ?? 0) : 0;
}

function code(value: number): string {
  return `0x${value.toString(16).padStart(2, '0')}`;
}
