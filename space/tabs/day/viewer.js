// js_on_load of the viewer: shows the frame of the chosen moment and plays the day, asking for frames a few at a time and ahead of need.
const AHEAD = 24, AHEAD_WITH_HEAT = 4, PATIENCE_MS = 10000
const find = selector => element.querySelector(selector)
let day = '', frames = new Map(), now = null, timer = 0, request = 0, wish = null, askedAt = 0

// One request at a time, the latest wish next: a scrubbing visitor asks for far more moments than anyone can look at.
function ask(first, count) {
  while (count && frames.has(first)) { first++; count-- }
  if (!count) return
  wish = {first, count}
  if (Date.now() - askedAt < PATIENCE_MS) return
  askedAt = Date.now()
  wish = null
  trigger('frames', {request: ++request, first, count, heat: find('.heat').checked})
}

function draw() {
  if (!now) return
  const picture = frames.get(now.index), image = find('img'), instead = find('.no-picture')
  if (picture) {
    image.src = picture
    image.alt = `The camera's frame of ${now.clock}: ${now.words}`
  }
  image.hidden = !picture
  instead.hidden = Boolean(picture)
  instead.textContent = picture === '' ? `No picture. ${now.words}` : 'Fetching the frame'
  element.querySelector('.moment-words').dataset.kind = now.kind
  find('.clock').textContent = now.clock
  find('.says').textContent = now.words
}

function stop() {
  clearInterval(timer)
  timer = 0
  find('.play').textContent = 'Play the day'
}

function step() {
  if (now.index === now.last) return stop()
  ask(now.index + 1, find('.heat').checked ? AHEAD_WITH_HEAT : AHEAD)
  if (!frames.has(now.index + 1)) return  // on its way
  document.dispatchEvent(new CustomEvent('day:go', {detail: {by: 1}}))
}

function play() {
  find('.play').textContent = 'Pause'
  timer = setInterval(step, 1000 / Number(find('.speed').value))
}

document.addEventListener('day:new', event => {
  stop()
  day = event.detail.day
  frames = new Map()
  wish = null
  now = null
  find('img').hidden = true
  find('.no-picture').hidden = false
  find('.no-picture').textContent = 'Choose a moment on the chart to see its frame.'
  find('.clock').textContent = '--:--'
  find('.says').textContent = ''
})
document.addEventListener('day:moment', event => {
  now = event.detail
  if (!timer) ask(now.index, 1)
  draw()
})
async function copyLink() {
  const note = find('.share span')
  try {
    await navigator.clipboard.writeText(location.href)
    note.textContent = 'Copied.'
    setTimeout(() => { note.textContent = '' }, 3000)
  } catch {  // no permission, as in a frame of another site
    note.textContent = location.href
  }
}

element.addEventListener('click', event => {
  if (event.target.closest('.copy')) copyLink()
  if (event.target.closest('.play')) timer ? stop() : now ? play() : document.dispatchEvent(new CustomEvent('day:go', {detail: {index: 0}}))
  for (const [name, by] of [['.back', -1], ['.on', 1]]) {
    if (event.target.closest(name)) document.dispatchEvent(new CustomEvent('day:go', {detail: {by}}))
  }
})
element.addEventListener('change', event => {
  if (event.target.closest('.heat')) {
    frames = new Map()
    if (now) ask(now.index, 1)
  }
  if (timer && event.target.closest('.speed')) { clearInterval(timer); play() }
})
watch('value', () => {
  if (!props.value) return
  askedAt = 0
  if (JSON.stringify(props.value.day) === day && props.value.heat === find('.heat').checked) {
    for (const [index, picture] of Object.entries(props.value.frames)) frames.set(Number(index), picture)
    draw()
  }
  if (wish) ask(wish.first, wish.count)
})
