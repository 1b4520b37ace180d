import { memoryStore } from '../../packages/core/test/support/stores.ts';
import { describeAttacks } from './describe-attacks.ts';

describeAttacks(['memory', memoryStore]);
