// What is published to a topic must be JSON of a certain shape; anything else is refused with 0x99, Payload format invalid.
import { createBroker } from '@sluice/core';
import { ReasonCode } from '@sluice/packet';
import { drop, type Message, type Plugin } from '@sluice/plugin';
import { Ajv } from 'ajv';
import { type Running, runIfMain, type StartOptions, serve } from '../serve.ts';

/** JSON Schemas by the topic filter that they are for. */
export type Schemas = Readonly<Record<string, object>>;

export function payloadSchema(schemas: Schemas): Plugin {
  return {
    name: 'payload-schema',
    setup(context) {
      const ajv = new Ajv();
      for (const [topic, schema] of Object.entries(schemas)) {
        const isValid = ajv.compile(schema); // a schema that is wrong fails the start
        const check = ({ payload, retain }: Message) => {
          if (retain && payload.length === 0) return; // deletes the retained message
          const value = parse(payload);
          if (value === undefined) return drop(ReasonCode.payloadFormatInvalid, 'not JSON');
          if (isValid(value)) return;
          const why = ajv.errorsText(isValid.errors, { dataVar: 'payload' });
          return drop(ReasonCode.payloadFormatInvalid, why);
        };
        // The filter keeps messages of other topics from costing anything. A will is checked when it is due.
        context.hook('publish', ({ message }) => check(message), { filter: { topic } });
        context.hook('will', ({ message }) => check(message), { filter: { topic } });
      }
    },
  };
}

function parse(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
  } catch {
    return undefined;
  }
}

export const temperature = {
  type: 'object',
  properties: {
    celsius: { type: 'number', minimum: -50, maximum: 80 },
    at: { type: 'integer' },
  },
  required: ['celsius'],
  additionalProperties: false,
};

export async function start(options: StartOptions): Promise<Running> {
  const plugin = payloadSchema({ 'home/+/temperature': temperature });
  return serve(await createBroker({ plugins: [plugin] }), options);
}

await runIfMain(import.meta, start);
