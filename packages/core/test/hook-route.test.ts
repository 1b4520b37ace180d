import { type Drop, drop, type RouteChanges, type RouteEvent } from '@sluice/plugin';
import { describe, expect, it } from 'vitest';
import { aTable, routeEvent } from './support/hooks.ts';

type Hook = (event: RouteEvent) => RouteChanges | Drop | undefined;

const [one, two, group] = routeEvent.receivers as [
  RouteEvent['receivers'][number],
  RouteEvent['receivers'][number],
  RouteEvent['receivers'][number],
];

function route(...hooks: Hook[]) {
  const { table, errors } = aTable();
  for (const [index, hook] of hooks.entries()) table.add(`p${index}`, 'route', hook);
  return { outcome: table.runners().route?.(routeEvent), errors };
}

const added = (clientId: string, qos = 1) => ({ clientId, sharedFilter: undefined, qos });

describe('route', () => {
  it('gives the event itself where no hook has an opinion', () => {
    expect(route(() => undefined).outcome).toBe(routeEvent);
    expect(
      route(
        () => undefined,
        () => undefined,
      ).outcome,
    ).toBe(routeEvent);
  });

  it('takes receivers out and adds others', () => {
    const { outcome } = route(() => ({ remove: [one, group], add: [{ clientId: 'x' }] }));
    expect(outcome).toEqual({ ...routeEvent, receivers: [two], added: [added('x')] });
    expect((outcome as RouteEvent).receivers[0]).toBe(two);
  });

  it('puts together what several hooks change', () => {
    const seen: unknown[] = [];
    const { outcome } = route(
      () => ({ remove: [one], add: [{ clientId: 'x', qos: 0 }, { clientId: 'y' }] }),
      ({ receivers }) => {
        seen.push(receivers);
        return { remove: receivers.filter(({ clientId }) => clientId === 'x') };
      },
      () => ({ remove: [two], add: [{ clientId: 'z' }] }),
    );
    expect(seen).toEqual([[two, group, added('x', 0), added('y')]]);
    expect(outcome).toEqual({
      ...routeEvent,
      receivers: [group],
      added: [added('y'), added('z')],
    });
  });

  it('adds nobody who is a receiver already', () => {
    const { outcome } = route(
      () => ({ add: [{ clientId: 'one' }, { clientId: 'x' }, { clientId: 'x', qos: 0 }] }),
      () => ({ add: [{ clientId: 'x' }] }),
    );
    expect(outcome).toEqual({ ...routeEvent, added: [added('x')] });
  });

  it('adds somebody whose subscription was removed', () => {
    const { outcome } = route(() => ({ remove: [one], add: [{ clientId: 'one', qos: 0 }] }));
    expect(outcome).toEqual({ ...routeEvent, receivers: [two, group], added: [added('one', 0)] });
  });

  it('ends with a drop', () => {
    const dropped = drop(0x97);
    const { outcome } = route(
      () => ({ remove: [one] }),
      () => dropped,
      () => {
        throw new Error('not asked');
      },
    );
    expect(outcome).toBe(dropped);
  });

  it.each([
    { receivers: [] },
    { remove: one },
    { remove: [{ ...one }] },
    { remove: [one, one] },
    { add: 'x' },
    { add: ['x'] },
    { add: [null] },
    { add: [{ clientId: '' }] },
    { add: [{ clientId: 5 }] },
    { add: [{ clientId: 'x', qos: 2 }] },
    { add: [{ clientId: 'x', retain: true }] },
  ])('drops the message when a hook answers %j', (changes) => {
    const { outcome, errors } = route(() => changes as RouteChanges);
    expect(outcome).toEqual(drop(0x83));
    expect(errors).toMatchObject([{ cause: { code: 'SLUICE_HOOK_ANSWER' } }]);
  });
});
