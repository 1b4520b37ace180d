// Loaded with --import, behind tsx: the sources of the codec, the matcher and the core count where they go.
import { register } from 'node:module';
import { makeCounters } from './counters.ts';

makeCounters();
register('./hooks.ts', import.meta.url);
