exports.fakeTime = () => void jest.useFakeTimers();
exports.realTime = () => void jest.useRealTimers();
