/**
 * What a commit has to outlive before it settles: the death of the machine ('fsync'), of the process ('write'), or
 * nothing, since nobody waits for it ('none').
 */
export type Durability = 'fsync' | 'write' | 'none';
