import type { Hooks } from '@sluice/plugin';
import { aPlugin, startTestBroker } from './test-broker.ts';

/** A broker whose hook of this name answers this, and what it was asked. */
export async function askedOf<Name extends 'connack' | 'disconnect'>(name: Name, answer: unknown) {
  const asked: Parameters<Hooks[Name]>[0][] = [];
  const hook = (event: Parameters<Hooks[Name]>[0]) => {
    asked.push(event);
    return answer;
  };
  const world = await startTestBroker({
    plugins: [aPlugin((context) => context.hook(name, hook as unknown as Hooks[Name]))],
  });
  return { world, asked };
}
