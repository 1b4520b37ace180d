import {
  type CaseResult,
  type ClosedHow,
  type ConformanceCase,
  jobsOf,
  probe,
  startJobs,
  type Target,
} from '@sluice/conformance';
import { describe, expect, it } from 'vitest';
import { aCase, fakeBroker, type Script } from './fake-broker.ts';

async function resultOf(
  definition: ConformanceCase,
  target: Target = fakeBroker(),
): Promise<CaseResult> {
  const [result] = startJobs(jobsOf([definition]), target, await probe(target));
  return (await result) as CaseResult;
}

/** Accepts clients of 5.0 with these properties, in hexadecimal. */
function connackWith(properties: string): Script {
  const listed = properties.replaceAll(' ', '');
  const length = listed.length / 2;
  return (chunk) =>
    chunk[0] === 0x10 && chunk.includes('MQTT\x05')
      ? [`20${hex(length + 3)}0000${hex(length)}${listed}`]
      : [];
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}

describe('a case', () => {
  it('passes when it ends, with all its statements', async () => {
    const result = await resultOf(aCase(async (t) => (await t.connect()).ping()));
    expect(result.outcome).toBe('passed');
    expect([...result.statements.values()]).toEqual(['passed', 'passed']);
  });

  it('fails by a check that names a statement: others keep what was found before', async () => {
    const result = await resultOf(
      aCase(async (t) => {
        t.check('MQTT-1', true, 'never');
        t.check('MQTT-2', false, 'what is wrong');
      }),
    );
    expect(result).toMatchObject({ outcome: 'failed', message: 'what is wrong' });
    expect(Object.fromEntries(result.statements)).toEqual({
      'MQTT-1': 'passed',
      'MQTT-2': 'failed',
    });
  });

  it('fails with every statement that was not checked when the failure names none', async () => {
    const result = await resultOf(
      aCase(async (t) => void (await (await t.connect()).expect('publish'))),
    );
    expect(result.message).toContain('PUBLISH {} did not come: nothing more arrived');
    expect([...result.statements.values()]).toEqual(['failed', 'failed']);
  });

  it('shows the bytes of a failure', async () => {
    const result = await resultOf(
      aCase(async (t) => {
        const client = await t.connect();
        client.send('c0 00');
        await client.expect('publish');
      }),
    );
    expect(result.message).toContain('PUBLISH {} was expected, but PINGRESP');
    expect(result.transcript?.join('\n')).toMatch(/client 1 > c0 00\n.*client 1 < d0 00/);
  });

  it('is not observable when it says so', async () => {
    const result = await resultOf(aCase(async (t) => t.excuse('the broker may do so')));
    expect(result).toMatchObject({ outcome: 'not observable', message: 'the broker may do so' });
  });

  it('is not run without what it needs, or in a version that the broker refuses', async () => {
    const run = async () => expect.unreachable();
    expect(await resultOf(aCase(run, { needs: ['refused-user'] }))).toMatchObject({
      outcome: 'not run',
      message: 'needs refused-user',
    });
    expect((await resultOf(aCase(run, { versions: [4] }))).outcome).toBe('not run');
  });

  it('uses no QoS above the maximum that the broker announced', async () => {
    const target = fakeBroker(connackWith('24 00'));
    const result = await resultOf(
      aCase(async (t) => t.check('MQTT-1', t.qosFrom(0).join() === '0', `${t.qosFrom(0)}`)),
      target,
    );
    expect(result.outcome).toBe('passed');
    const asking: readonly ConformanceCase['run'][] = [
      async (t) => void (await (await t.connect()).publish(t.topic(), 'x', { qos: 1 })),
      async (t) => void (await t.connect({ will: { topic: t.topic(), qos: 1 } })),
      (t) => t.eachQos(1, async () => expect.unreachable()),
    ];
    for (const run of asking) {
      expect(await resultOf(aCase(run), target)).toMatchObject({
        outcome: 'not run',
        message: 'needs QoS 1',
      });
    }
  });

  it('sends what is above the maximum QoS when it is about that', async () => {
    const run: ConformanceCase['run'] = async (t) =>
      void (await t.connect({ will: { topic: t.topic(), qos: 2 } }));
    const result = await resultOf(
      aCase(run, { needs: ['limited-qos'] }),
      fakeBroker(connackWith('24 01')),
    );
    expect(result.outcome).toBe('passed');
  });

  it('asks for the keep alive that the broker announced, also in 3.x', async () => {
    const answer = connackWith('13 00 02');
    const target = fakeBroker((chunk) => {
      const isOld = chunk.includes('MQTT\x04');
      if (!isOld) return answer(chunk);
      return chunk[11] === 2 ? ['20020000'] : ['20020005'];
    });
    const result = await resultOf(
      aCase(async (t) => void (await t.connect()), { ids: { v311: ['MQTT-1'] }, versions: [4] }),
      target,
    );
    expect(result.outcome).toBe('passed');
  });

  it('fails when it takes too long', async () => {
    const result = await resultOf(aCase((t) => t.sleep(1_000), { timeoutMs: 20 }));
    expect(result.message).toBe('the case took more than 20 ms');
  });

  it('names the variants that failed', async () => {
    const result = await resultOf(
      aCase((t) =>
        t.each({ one: 1, two: 2, three: 3 }, async (value, name) => {
          t.check('MQTT-1', value === 2, `${name} is not 2`);
        }),
      ),
    );
    expect(result.message).toBe('one: one is not 2\nthree: three is not 2');
  });

  it('fails when the broker sends a packet that is wrong', async () => {
    const target = fakeBroker((chunk) => (chunk[0] === 0xc0 ? ['d1 00'.replace(' ', '')] : []));
    const result = await resultOf(
      aCase(async (t) => (await t.connect()).ping()),
      target,
    );
    expect(result.message).toContain('the broker sent a wrong packet: d1 00');
  });
});

describe('expectClosed', () => {
  const closing = (...answers: readonly string[]) =>
    fakeBroker((chunk) => (chunk[0] === 0x30 ? answers : []));
  const sends = (how: ClosedHow) =>
    aCase(async (t) => {
      const client = await t.connect();
      client.send('30 00');
      await client.expectClosed(how);
    });

  it('takes the end with a reason that fits, or without one', async () => {
    expect((await resultOf(sends({ codes: [0x82] }), closing('e00182', 'end'))).outcome).toBe(
      'passed',
    );
    expect((await resultOf(sends({ codes: [0x82] }), closing('end'))).outcome).toBe('passed');
  });

  it.each([
    ['another reason', { codes: [0x81] }, ['e00182', 'end'], 'but DISCONNECT {"reasonCode":130'],
    ['no reason where there must be one', { mustSay: true }, ['end'], 'without a reason'],
    ['an open connection', {}, ['e00182'], 'kept the connection open'],
    ['another packet before', {}, ['d000', 'end'], 'but PINGRESP'],
    ['a second CONNACK', {}, ['2003008200', 'end'], 'but CONNACK'],
  ] as const)('refuses %s', async (_, how, answers, message) => {
    const result = await resultOf(sends(how), closing(...answers));
    expect(result.outcome).toBe('failed');
    expect(result.message).toContain(message);
  });
});
