import type { RulesFile } from '@sluice/auth';

const livingRoom = 'home/living-room';
const plcHeating = { user: 'plc', clientId: 'plc-heating' };
const plcLights = { user: 'plc', clientId: 'plc-lights' };
const heating = { user: 'service', clientId: 'heating' };
const logger = { user: 'service', clientId: 'logger' };
const anna = { user: 'anna' };

/** Who may do what in the house. What no rule allows is denied. */
export const rules: RulesFile = {
  rules: [
    // Every device says of itself whether it is there: %c is its own client identifier.
    { effect: 'allow', who: { user: ['plc', 'service'] }, action: 'publish', topic: 'status/%c' },

    // A PLC tells what is the case, and hears what is asked of it; each of its own part of the house.
    {
      effect: 'allow',
      who: plcHeating,
      action: 'publish',
      topic: [`${livingRoom}/temperature`, `${livingRoom}/boiler`],
    },
    { effect: 'allow', who: plcHeating, action: 'subscribe', topic: `${livingRoom}/boiler/set` },
    { effect: 'allow', who: plcLights, action: 'publish', topic: 'home/+/light' },
    { effect: 'allow', who: plcLights, action: 'subscribe', topic: 'home/+/light/set' },

    // Nobody but the heating service switches the boiler.
    {
      effect: 'allow',
      who: heating,
      action: 'subscribe',
      topic: [`${livingRoom}/temperature`, `${livingRoom}/target`, `${livingRoom}/target/set`],
    },
    {
      effect: 'allow',
      who: heating,
      action: 'publish',
      topic: [`${livingRoom}/boiler/set`, `${livingRoom}/target`],
    },

    { effect: 'allow', who: logger, action: 'subscribe', topic: ['home/#', 'status/+'] },
    { effect: 'allow', who: logger, action: 'publish', topic: 'log/latest' },

    // People see everything, and ask for light and warmth.
    {
      effect: 'allow',
      who: anna,
      action: 'subscribe',
      topic: ['home/#', 'status/+', 'log/latest'],
    },
    {
      effect: 'allow',
      who: anna,
      action: 'publish',
      topic: ['home/+/light/set', `${livingRoom}/target/set`],
    },
  ],
};
