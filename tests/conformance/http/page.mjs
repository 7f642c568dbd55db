// Loads a page in Chromium without a window: node page.mjs CHROMIUM URL MAP. Prints what came of it as JSON.

import { chromium } from 'playwright-core'

const [executablePath, url, map] = process.argv.slice(2)
const args = [`--host-resolver-rules=${map}`, '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--ignore-certificate-errors']
const browser = await chromium.launch({ executablePath, args })
const page = await browser.newPage()
const responses = []
const errors = []
page.on('response', response => responses.push({ path: new URL(response.url()).pathname, status: response.status() }))
page.on('console', message => message.type() === 'error' && errors.push(message.text()))
page.on('pageerror', error => errors.push(String(error)))
await page.goto(url, { waitUntil: 'networkidle', timeout: 60000 })
const seen = await page.evaluate(() => ({
  title: document.title,
  color: window.getComputedStyle(document.body).color,
  images: [...document.images].map(image => image.naturalWidth),
  protocols: [...new Set(performance.getEntries().map(entry => entry.nextHopProtocol).filter(Boolean))]
}))
process.stdout.write(JSON.stringify({ ...seen, responses, errors }) + '\n')
await browser.close()
