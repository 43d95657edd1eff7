import { type Command, UsageError } from './command.js';

export const unlockMethod: Command = {
  about: "let a user's method be tried again after too many failures",
  words: '<user> <method>',
  async run({ words, config, print }) {
    const [user, method] = words;
    if (user === undefined || method === undefined || words.length > 2) {
      throw new UsageError('Name the user and the method.');
    }
    await (await config()).instance.methods.unlock(user, method);
    await print('Unlocked.\n');
    return 0;
  },
};
