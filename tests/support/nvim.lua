-- Loaded before the configuration under test: keeps what a person would be shown, and lets the test look.
Shown = {}

function vim.notify(text)
  table.insert(Shown, text)
end

-- What a person is offered, and what they choose: the first that has `Wanted` in its title, else nothing.
Offered, Wanted = {}, "nothing has this title"

local function pick(titles)
  vim.list_extend(Offered, titles)
  for number, title in ipairs(titles) do
    if title:find(Wanted, 1, true) then return number end
  end
  return 0
end

function vim.ui.select(items, options, chosen)
  local number = pick(vim.tbl_map(options.format_item or tostring, items))
  chosen(items[number], number > 0 and number or nil)
end

function vim.fn.inputlist(lines) -- what the server asks in 0.7: the text, a heading, and the choices
  return pick(vim.list_slice(lines, 3))
end

-- What stands behind a line (from 0) of a window's text.
function Lenses(line)
  local found = ""
  for name, id in pairs(vim.api.nvim_get_namespaces()) do
    if name:find("codelens", 1, true) then
      for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(0, id, { line, 0 }, { line, -1 }, { details = true })) do
        for _, chunk in ipairs(mark[4].virt_text or {}) do found = found .. chunk[1] end
      end
    end
  end
  return found
end

-- The text of the box that lies above the windows.
function Box()
  for _, window in ipairs(vim.api.nvim_list_wins()) do
    if vim.api.nvim_win_get_config(window).relative ~= "" then
      return table.concat(vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(window), 0, -1, false), "\n")
    end
  end
  return ""
end

function Status()
  return vim.api.nvim_eval_statusline(vim.o.statusline, {}).str
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
