import { setTimeout as pause } from 'node:timers/promises';
import type { ProtocolVersion } from '@sluice/packet';
import type { Random } from '../../differential/random.ts';
import type { PacketConnection } from '../../support/packet-connection.ts';
import type { Life } from '../life.ts';
import type { Report } from '../report.ts';
import { Receiver } from './receiver.ts';

/** How a subscriber spends its time. */
export type Manner =
  /** Connected whenever the server runs. */
  | 'steady'
  /** Comes and goes, with and without DISCONNECT. */
  | 'flapping'
  /** Opens one connection after the other, each of which takes the session over from the last. */
  | 'takeover'
  /** Away until it is called. */
  | 'absent';

const longestStayMs = 60;
const longestAbsenceMs = 30;
const pollMs = 5;
const patienceMs = 2_500;

/** Takes all messages of all publishers and says in the ledger what came. */
export class Subscriber extends Receiver {
  /** The name in the ledger: that of the group for its members. */
  readonly account: string;
  readonly #manner: Manner;
  readonly #random: Random;
  #isCalled: boolean;
  #isFirst = true;

  constructor(
    manner: Manner,
    version: ProtocolVersion,
    report: Report,
    random: Random,
    group?: { readonly name: string; readonly member: number },
  ) {
    const name = group === undefined ? `${manner}-${version}` : `${group.name}-${group.member}`;
    super(name, version, group === undefined ? 'load/+' : `$share/${group.name}/load/+`, report);
    this.#manner = manner;
    this.#random = random;
    this.account = group?.name ?? name;
    this.#isCalled = manner !== 'absent';
    report.deliveries.addSubscriber(this.account, group !== undefined);
  }

  /** An absent subscriber is there from now on. */
  call(): void {
    this.#isCalled = true;
  }

  override async live(life: Life): Promise<void> {
    // Everybody comes once, to make a session.
    if (!this.#isFirst && !life.isLast) await this.#untilCalled(life);
    await super.live(life);
  }

  /** Settles when all that was acknowledged has come; or nothing comes any more, which the ledger will tell. */
  override async satisfied(): Promise<void> {
    const { deliveries } = this.report;
    let newest = deliveries.deliveries;
    for (let quiet = 0; quiet < patienceMs; quiet += pollMs) {
      if (deliveries.hasAcknowledged(this.account)) return;
      await pause(pollMs);
      if (deliveries.deliveries > newest) quiet = 0;
      newest = deliveries.deliveries;
    }
  }

  protected override async stay(connection: PacketConnection, life: Life): Promise<void> {
    if (life.isLast || this.#manner === 'steady') return await connection.closed;
    if (this.#isFirst) await Promise.race([this.subscribed(), connection.closed]);
    this.#isFirst = false;
    if (!this.#isCalled) {
      await connection.end();
      return await this.#untilCalled(life);
    }
    if (this.#manner === 'absent') return await connection.closed;
    await Promise.race([connection.closed, pause(this.#random.below(longestStayMs))]);
    if (this.#manner === 'takeover') return;
    if (this.#random.chance(50)) await connection.end();
    else connection.destroy();
    await pause(this.#random.below(longestAbsenceMs));
  }

  protected override deliver(topic: string, payload: string): void {
    this.report.deliveries.delivered(this.account, topic.slice('load/'.length), Number(payload));
  }

  async #untilCalled(life: Life): Promise<void> {
    while (!this.#isCalled && !life.over) await pause(pollMs);
  }
}
