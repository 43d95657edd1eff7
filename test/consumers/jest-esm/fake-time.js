import { jest } from '@jest/globals';

export const fakeTime = () => void jest.useFakeTimers();
export const realTime = () => void jest.useRealTimers();
