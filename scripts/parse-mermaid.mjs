// Reads a JSON list of diagrams from its input, and prints for each null, or what Mermaid's own parser says against it.
import { json } from 'node:stream/consumers';
import DOMPurify from 'dompurify';
import mermaid from 'mermaid';

// It cleans labels for a page. Without a page it has no functions, and there is nothing to clean: this only parses.
Object.assign(DOMPurify, { addHook() {}, sanitize: (label) => label });

const answers = [];
for (const diagram of await json(process.stdin)) {
  answers.push(
    await mermaid.parse(diagram).then(
      () => null,
      (/** @type {unknown} */ error) => String(error),
    ),
  );
}
console.log(JSON.stringify(answers));
