import { mock } from 'node:test';

export const fakeTime = () => mock.timers.enable();
export const realTime = () => mock.timers.reset();
