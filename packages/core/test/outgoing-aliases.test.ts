import { expect, test } from 'vitest';
import { OutgoingAliases } from '../src/connection/outgoing-aliases.ts';

/** Uses a topic as a packet that is written does. */
function send(aliases: OutgoingAliases, topic: string): number | undefined {
  const used = aliases.use(topic);
  aliases.sent(topic);
  return used?.alias;
}

test('an alias comes with its topic until a packet with both was sent', () => {
  const aliases = new OutgoingAliases(2);
  expect(aliases.use('site/one')).toEqual({ alias: 1, isNew: true });
  // That packet was dropped for its size.
  expect(aliases.use('site/one')).toEqual({ alias: 1, isNew: true });
  aliases.sent('site/one');
  expect(aliases.use('site/one')).toEqual({ alias: 1, isNew: false });
});

test('a topic that is shorter than an alias goes by its name', () => {
  expect(new OutgoingAliases(2).use('a/b')).toBeUndefined();
});

test('a long topic that comes often takes the alias of one that does not', () => {
  const aliases = new OutgoingAliases(2);
  send(aliases, 'rare');
  for (let use = 0; use < 50; use++) send(aliases, 'often/used');
  const long = 'a/topic/of/many/levels/that/comes/often';
  expect(send(aliases, long)).toBeUndefined();
  expect(aliases.use(long)).toEqual({ alias: 1, isNew: true });
  aliases.sent(long);
  expect(aliases.use('often/used')).toEqual({ alias: 2, isNew: false });
  expect(send(aliases, 'rare')).toBeUndefined();
});

test('topics that come once take nothing from those that stay', () => {
  const aliases = new OutgoingAliases(1);
  for (let use = 0; use < 10; use++) send(aliases, 'the/steady/one');
  for (let index = 0; index < 500; index++) expect(send(aliases, `once/${index}`)).toBeUndefined();
  expect(aliases.use('the/steady/one')).toEqual({ alias: 1, isNew: false });
});
