// Names the tests that were skipped, which Jest only counts.
import { relative } from 'node:path';

export default class SkippedReporter {
  onTestResult(_test, { testFilePath, testResults }) {
    for (const { status, fullName } of testResults) {
      if (status === 'pending') console.log(`SKIPPED ${relative('.', testFilePath)}: ${fullName}`);
    }
  }
}
