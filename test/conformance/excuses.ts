/**
 * Statements that no case can cover, in the order of the standard. The reasons stand in
 * `packages/conformance/statements`. A new entry must be a change that everybody sees.
 */
export const excusedStatements = {
  '5.0': [
    'MQTT-3.2.2-4',
    'MQTT-3.3.2-10',
    'MQTT-4.5.0-2',
    'MQTT-4.6.0-1',
    'MQTT-4.6.0-2',
    'MQTT-4.6.0-3',
    'MQTT-4.6.0-4',
  ],
  '3.1.1': ['MQTT-4.5.0-2', 'MQTT-7.0.0-1', 'MQTT-7.1.2-1'],
} as const satisfies Readonly<Record<'5.0' | '3.1.1', readonly string[]>>;
