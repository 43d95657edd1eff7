// Preloaded into a bank: its clock goes ahead by as many milliseconds as the test sends.
const { now } = Date;
let ahead = 0;
Date.now = () => now() + ahead;
process.on('message', (by: number) => {
  ahead += by;
  process.send?.('done');
});
process.channel?.unref(); // a bank that is asked to end must not be kept by it
