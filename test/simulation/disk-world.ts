import type { DiskWorld } from './simulated-persistence.ts';
import type { World } from './world.ts';

/** A world as its disk sees it. */
export function diskWorldOf(world: World): DiskWorld {
  return {
    get now() {
      return world.now;
    },
    get disk() {
      return world.disk;
    },
    after: (delayMs, run) =>
      world.timeline.after(delayMs, () => {
        world.touch();
        run();
      }),
    breach: (text) => world.history.violate('contract', text),
    reached: (state) => {
      if (state === 'queue read failed') world.readFailedAt = world.now;
      world.history.reach(state);
    },
    trace: (text) => world.history.trace(text),
  };
}
