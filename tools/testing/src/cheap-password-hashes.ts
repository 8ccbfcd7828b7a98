import { hashCheaply } from './password-hash-cost.js';

/** A Vitest set-up file: it runs before each test file, and before the library of hashes is imported. */
hashCheaply();
