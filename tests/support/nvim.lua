-- Loaded before the configuration under test: keeps what a person would be shown, and lets the test look.
Shown = {}

function vim.notify(text)
  table.insert(Shown, text)
end

function Call(code, arguments)
  local value = assert(loadstring(code))(unpack(vim.json.decode(arguments)))
  return vim.json.encode({ value == nil and vim.NIL or value })
end

function Saw(words)
  for _, text in ipairs(Shown) do
    if text:find(words, 1, true) then return true end
  end
  return false
end

function Wait(milliseconds, condition, ...)
  local holds, given = assert(loadstring("return " .. condition)), { ... }
  return (vim.wait(milliseconds, function() return holds(unpack(given)) end, 20))
end
