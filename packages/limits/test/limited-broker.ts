import type { LimitedEvent, Plugin } from '@sluice/plugin';
import {
  aPlugin,
  startTestBroker,
  type TestBroker,
  type TestBrokerOptions,
} from '../../core/test/support/test-broker.ts';
import type { Clock } from '../src/clock.ts';

export interface LimitedBroker {
  readonly world: TestBroker;
  /** What the hook `limited` was told. */
  readonly told: LimitedEvent[];
}

/** Lets everybody in who has a user name, as who they say they are. */
export const whoever: Plugin = aPlugin(({ hook }) => {
  hook('authenticate', () => ({ allowed: true, grant: undefined }));
}, 'whoever');

/** A broker in a virtual world, with limits that live by its clock. */
export async function limitedBroker(
  plugins: (clock: Clock) => readonly Plugin[],
  options: TestBrokerOptions = {},
): Promise<LimitedBroker> {
  const told: LimitedEvent[] = [];
  let world: TestBroker | undefined;
  const environment = () => {
    if (world === undefined) throw new Error('the broker is not there yet');
    return world.environment;
  };
  const clock: Clock = {
    now: () => environment().now(),
    monotonic: () => environment().monotonic(),
    setTimer: (callback, delayMs) => environment().setTimer(callback, delayMs),
    clearTimer: (timer) => environment().clearTimer(timer),
  };
  const listener = aPlugin((context) => {
    context.hook('limited', (event) => {
      told.push(event);
    });
  }, 'listener');
  world = await startTestBroker({ ...options, plugins: [listener, whoever, ...plugins(clock)] });
  return { world, told };
}
