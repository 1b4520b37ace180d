import type { World } from '../world.ts';

/** When every session has ended and nothing is retained: nothing of them is left, anywhere. */
export function checkLeaks(world: World): void {
  const { life, history, state } = world;
  if (life === undefined) return;
  const { stats } = life.broker;
  const left = {
    connections: stats.connections,
    clients: stats.clients,
    sessions: stats.sessions,
    subscriptions: stats.subscriptions,
    timers: life.environment.timers,
    'subscriptions in the matcher': life.matchers.reduce((sum, { size }) => sum + size, 0),
    'open streams': [...life.wires.values()].filter(({ stream }) => !stream.closed).length,
  };
  for (const [name, count] of Object.entries(left)) {
    if (count !== 0) history.violate('leak', `${count} ${name} are left`);
  }
  for (const leftover of state.leftovers()) history.violate('leak', `${leftover} are left on disk`);
}
