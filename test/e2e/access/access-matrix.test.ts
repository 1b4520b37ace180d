import { describe, expect, it } from 'vitest';
import { permissive, policies } from './policies.ts';
import { Scene } from './scene.ts';
import { type Way, ways } from './ways.ts';

const policiesFor = (way: Way) =>
  policies.filter(({ isAboutPublisher }) => way.isFromClient || !isAboutPublisher);

const changesFor = (way: Way) =>
  policiesFor(way).filter(
    ({ isAboutPublisher }) => !(isAboutPublisher && way.isAcceptedBefore === true),
  );

describe.each(ways)('a message $name', (way) => {
  it('arrives where rules let it', async () => {
    const scene = await Scene.start(permissive, 'x/y');
    await way.prepare(scene);
    await scene.arrived();
    await way.deliver(scene);
    expect(await scene.arrived()).toBeGreaterThan(0);
  });

  it.each(policiesFor(way))('does not arrive under $name', async ({ topic, rules }) => {
    const scene = await Scene.start(rules, topic);
    await way.prepare(scene);
    const early = await scene.arrived();
    await way.deliver(scene);
    expect([early, await scene.arrived()]).toEqual([0, 0]);
  });

  it.each(changesFor(way))(
    'does not arrive once the rules change to $name',
    async ({ topic, rules }) => {
      const scene = await Scene.start(permissive, topic);
      await way.prepare(scene);
      await scene.arrived();
      await scene.use(rules);
      expect(await scene.arrived()).toBe(0);
      await way.deliver(scene);
      expect(await scene.arrived()).toBe(0);
      // What was withheld is gone, not kept back for better times.
      await scene.use(permissive);
      expect(await scene.arrived()).toBe(0);
    },
  );
});
