#include "cli/completion.h"

#include <string_view>
#include <vector>

namespace lp {
namespace {

struct Word {
  std::string name;  // with its dashes
  std::string help;  // the first line
  bool takes_value = false;
};
struct Command {
  std::string name;
  std::string help;
  std::vector<Word> options;
};

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

// For a text in '...', in each of the three shells.
std::string in_quotes(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::vector<Word> options_of(const CLI::App& app) {
  std::vector<Word> words;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames())
      words.push_back({"--" + name, first_line(option->get_description()), option->get_items_expected_max() > 0});
  }
  return words;
}

std::vector<Command> commands_of(const CLI::App& app) {
  std::vector<Command> commands;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; }))
    commands.push_back({sub->get_name(), first_line(sub->get_description()), options_of(*sub)});
  return commands;
}

std::string for_bash(const std::vector<Command>& commands) {
  std::string names;
  std::string cases;
  for (const Command& command : commands) {
    names += (names.empty() ? "" : " ") + command.name;
    std::string words;
    for (const Word& word : command.options) words += (words.empty() ? "" : " ") + word.name;
    cases += "    " + command.name + ") words='" + words + "' ;;\n";
  }
  return "# bash: source <(logto-proxy completion bash)\n"
         "_logto_proxy() {\n"
         "  local current=${COMP_WORDS[COMP_CWORD]} words=\n"
         "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
         "    mapfile -t COMPREPLY < <(compgen -W '" +
         names +
         " --help --version' -- \"$current\")\n"
         "    return\n"
         "  fi\n"
         "  case ${COMP_WORDS[1]} in\n" +
         cases +
         "  esac\n"
         "  case $current in\n"
         "    -*) mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\") ;;\n"
         "    *) mapfile -t COMPREPLY < <(compgen -f -- \"$current\") ;;\n"
         "  esac\n"
         "}\n"
         "complete -o filenames -F _logto_proxy logto-proxy\n";
}

// Inside [...] of _arguments a ']' or ':' would end the help.
std::string plain_help(std::string text) {
  for (char& c : text) {
    if (c == '[' || c == ']' || c == ':') c = ' ';
  }
  return text;
}

std::string for_zsh(const std::vector<Command>& commands) {
  std::string names;
  std::string cases;
  for (const Command& command : commands) {
    names += "    " + in_quotes(command.name + ":" + plain_help(command.help)) + "\n";
    cases += "    " + command.name + ") _arguments";
    for (const Word& word : command.options)
      cases +=
          " " + in_quotes(word.name + "[" + plain_help(word.help) + "]" + (word.takes_value ? ":value:_files" : ""));
    cases += " '*:file:_files' ;;\n";
  }
  return "#compdef logto-proxy\n"
         "# zsh: source <(logto-proxy completion zsh)\n"
         "_logto_proxy() {\n"
         "  local -a commands\n"
         "  commands=(\n" +
         names +
         "  )\n"
         "  if (( CURRENT == 2 )); then\n"
         "    _describe command commands\n"
         "    return\n"
         "  fi\n"
         "  local command=$words[2]\n"
         "  shift words\n"
         "  (( CURRENT-- ))\n"
         "  case $command in\n" +
         cases +
         "  esac\n"
         "}\n"
         "compdef _logto_proxy logto-proxy\n";
}

std::string for_fish(const std::vector<Command>& commands) {
  std::string out = "# fish: logto-proxy completion fish | source\n";
  for (const Command& command : commands) {
    out += "complete -c logto-proxy -n __fish_use_subcommand -f -a " + command.name + " -d " + in_quotes(command.help) +
           "\n";
    for (const Word& word : command.options) {
      out += "complete -c logto-proxy -n '__fish_seen_subcommand_from " + command.name + "' -l " + word.name.substr(2) +
             (word.takes_value ? " -r" : "") + " -d " + in_quotes(word.help) + "\n";
    }
  }
  return out;
}

}  // namespace

std::string completion_script(const CLI::App& app, const std::string& shell) {
  const std::vector<Command> commands = commands_of(app);
  if (shell == "zsh") return for_zsh(commands);
  return shell == "fish" ? for_fish(commands) : for_bash(commands);
}

}  // namespace lp
