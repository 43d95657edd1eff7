// Loaded by Jest in front of every test file (jest.config.mjs).
import { afterEach, beforeEach } from '@jest/globals';
import { beginCleanUps, runCleanUps } from './clean-up.js';

beforeEach(beginCleanUps);
afterEach(runCleanUps);
