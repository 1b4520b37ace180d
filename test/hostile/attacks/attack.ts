import type { Plugin } from '@sluice/plugin';
import type { BrokerOptions, Stats } from '../../../packages/core/src/index.ts';
import type { AttackWorld } from '../attack-world.ts';

/** Something that peers do in several steps to hurt others. */
export interface Attack {
  /** Number in the list that the attacks were collected in. */
  readonly id: string;
  /** What peers do, as docs/security.md says it. */
  readonly name: string;
  /** What happens, as docs/security.md says it. */
  readonly outcome: string;
  /** What bounds it, as docs/security.md says it. */
  readonly bound: string;
  /** Smaller limits than by default, so that the test is quick. */
  readonly limits?: BrokerOptions['limits'];
  /** Made anew for each broker. */
  readonly plugins?: () => readonly Plugin[] | Promise<readonly Plugin[]>;
  /** Where the attack is on a store, the one that it is on; both otherwise. */
  readonly store?: 'memory' | 'LevelDB';
  /** Whether the broker may have something to report; by default where there are plug-ins. */
  readonly reportsErrors?: boolean;
  /** Tables that are fuller afterwards, as far as the limit lets them be. */
  readonly fills?: readonly (keyof Stats)[];
  /** Does it, and checks what became of it. */
  run(world: AttackWorld): Promise<void>;
}
