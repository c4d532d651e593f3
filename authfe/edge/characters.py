"""What headers may be made of by the time a service reads them."""

from authfe.edge.typed import Config, extension

#: A header that we read is refused where it holds other bytes than ASCII; one that nobody here reads goes, for a proxy
#: in front may have set it and the caller cannot help it. Of those two that say who calls users makes what it will, and
#: another program's cookie keeps nobody out.
_SCRIPT = r"""
local ends_here = {cookie = true, authorization = true}

function envoy_on_request(handle)
  local foreign = {}
  for name, value in pairs(handle:headers()) do
    if value:find("[\128-\255]") and not ends_here[name] then
      table.insert(foreign, name)
    end
  end
  local refused
  for _, name in ipairs(foreign) do
    if name:sub(1, 1) == ":" then
      refused = name
    else
      handle:headers():remove(name)
      refused = refused or name:match("^x%-scope%-.*")
    end
  end
  if refused then
    handle:respond({[":status"] = "400"}, "The header " .. refused .. " holds other characters than those of ASCII.")
  end
end
"""

#: Envoy's word for an answer of the script.
REFUSED = "lua_response"


def ascii_headers() -> Config:
    """The filter that lets no header of other bytes than ASCII pass.

    Services in Python would write what they cannot decode into their logs.
    """
    return extension(
        "envoy.filters.http.lua",
        "envoy.extensions.filters.http.lua.v3.Lua",
        default_source_code={"inline_string": _SCRIPT},
    )
