import type { Plugin } from '@sluice/plugin';
import { startMosquitto, startSluice } from './brokers.ts';
import { type Comparison, compare } from './compare.ts';
import { Player } from './play.ts';
import type { Script } from './script.ts';

/** Sluice and Mosquitto, side by side, for many scripts. */
export class Duel {
  readonly #players: readonly [sluice: Player, mosquitto: Player];
  readonly #close: () => Promise<void>;

  private constructor(players: readonly [Player, Player], close: () => Promise<void>) {
    this.#players = players;
    this.#close = close;
  }

  /** `faults` are plug-ins that make Sluice err: for a test of the comparison. */
  static async start(faults: readonly Plugin[] = []): Promise<Duel> {
    const brokers = [await startSluice(faults), await startMosquitto()] as const;
    const players = [new Player(brokers[0].port), new Player(brokers[1].port)] as const;
    return new Duel(players, async () => {
      await Promise.all(players.map((player) => player.close()));
      await Promise.all(brokers.map((broker) => broker.close()));
    });
  }

  async play(script: Script): Promise<Comparison> {
    const [sluice, mosquitto] = this.#players;
    const [ours, theirs] = await Promise.all([sluice.play(script), mosquitto.play(script)]);
    return compare(script, ours, theirs);
  }

  async close(): Promise<void> {
    await this.#close();
  }
}
