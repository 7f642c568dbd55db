// Runs http-cache-tests against a cache: node cache_tests.mjs BASE [ID…]. Prints {id: {kind, passed, why}} as JSON.
// A test counts as passed as in the suite's own tables (lib/display.mjs): its result, and those that it depends on.

import fetch from 'node-fetch'
import { getResults, runTests } from 'http-cache-tests/client/runner.mjs'
import surrogate from 'http-cache-tests/tests/surrogate-control.mjs'
import suites from 'http-cache-tests/tests/index.mjs'

const [base, ...ids] = process.argv.slice(2)
const all = [...suites, surrogate].flatMap(suite => suite.tests).filter(test => !test.browser_only)
const byId = new Map(all.map(test => [test.id, test]))

function withDependencies (id) {
  return [id, ...(byId.get(id).depends_on || []).flatMap(withDependencies)]
}

const wanted = new Set(ids.flatMap(withDependencies))
const chosen = all.filter(test => !ids.length || wanted.has(test.id))

// What a test prints must not mingle with the document.
console.log = console.error
await runTests([{ tests: chosen }], fetch, false, base)
const results = getResults()

function passed (test) {
  return results[test.id] === true && (test.depends_on || []).every(id => passed(byId.get(id)))
}

const told = chosen.map(test => {
  const result = results[test.id]
  const why = result === true ? 'depends on what did not pass' : String(result && result[1])
  return [test.id, { kind: test.kind || 'required', passed: passed(test), why: passed(test) ? '' : why }]
})
process.stdout.write(JSON.stringify(Object.fromEntries(told)) + '\n', () => process.exit(0))
