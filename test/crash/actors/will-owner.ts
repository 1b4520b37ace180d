import { Buffer } from 'node:buffer';
import { setTimeout as pause } from 'node:timers/promises';
import {
  type ConnectPacket,
  noProperties,
  PacketType,
  type ProtocolVersion,
  ReasonCode,
} from '@sluice/packet';
import type { Random } from '../../differential/random.ts';
import type { Life } from '../life.ts';
import type { WillLedger } from '../will-ledger.ts';
import { Actor } from './actor.ts';
import { Dialogue } from './dialogue.ts';

/** A will and the session that it belongs to. */
interface Plan {
  readonly number: number;
  readonly qos: 1 | 2;
  readonly clientId: string;
  readonly cleanStart: boolean;
  /** Seconds; 5.0 only. */
  readonly delay: number;
  readonly expiry: number;
}

const longestStayMs = 80;

/** Leaves wills: some it discards, some become due while the server runs, and most when it is killed. */
export class WillOwner extends Actor {
  readonly #version: ProtocolVersion;
  readonly #ledger: WillLedger;
  readonly #random: Random;
  /** The will of a DISCONNECT that was handled, but may not be on the disk. */
  #discarded: { readonly number: number; readonly life: Life } | undefined;

  constructor(name: string, version: ProtocolVersion, ledger: WillLedger, random: Random) {
    super(name);
    this.#version = version;
    this.#ledger = ledger;
    this.#random = random;
  }

  /** Who watches is satisfied or not. */
  override async satisfied(): Promise<void> {}

  protected override async visit(life: Life): Promise<void> {
    // Nobody would notice what is left now.
    if (life.isLast) return await life.ended;
    const plan = this.#plan();
    const discarded = this.#discarded;
    this.#discarded = undefined;
    const { connection } = await Dialogue.open(life, this.#connectPacket(plan), undefined, true);
    // What was handled before this CONNECT is as durable as its answer.
    if (discarded?.life === life) this.#ledger.set(discarded.number, 'never');
    this.#ledger.set(plan.number, 'once');
    if (this.#random.chance(50)) return await connection.closed;
    await Promise.race([connection.closed, pause(this.#random.below(longestStayMs))]);
    const way = this.#random.below(10);
    if (life.over || way < 3) {
      connection.destroy();
    } else if (this.#version === 5 && way < 5) {
      await connection.end(ReasonCode.disconnectWithWill);
    } else {
      this.#ledger.set(plan.number, 'perhaps');
      await connection.end();
      if (!life.over) this.#discarded = { number: plan.number, life };
    }
    await connection.closed;
  }

  #plan(): Plan {
    const qos = this.#random.pick([1, 2] as const);
    const number = this.#ledger.add(this.name, qos);
    const isDelayed = this.#version === 5 && this.#random.chance(30);
    return {
      number,
      qos,
      // The delay of one who comes back would end at a moment that nobody can know.
      clientId: isDelayed ? `${this.name}-${number}` : this.name,
      cleanStart: isDelayed || this.#random.chance(50),
      delay: isDelayed ? 1 : 0,
      expiry: isDelayed || this.#random.chance(50) ? 60 : 0,
    };
  }

  #connectPacket({ number, qos, clientId, cleanStart, delay, expiry }: Plan): ConnectPacket {
    const isFive = this.#version === 5;
    return {
      type: PacketType.connect,
      protocolVersion: this.#version,
      cleanStart,
      keepAlive: 0,
      clientId,
      properties: isFive ? { sessionExpiryInterval: expiry } : noProperties,
      will: {
        topic: `will/${this.name}`,
        payload: Buffer.from(String(number)),
        qos,
        retain: false,
        properties: isFive ? { willDelayInterval: delay } : noProperties,
      },
    };
  }
}
