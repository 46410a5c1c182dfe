/** `headrace completion`: prints the script that lets a shell complete commands, options and names. */
import { Argument, type Command } from "commander";
import { completionScript, type Shell, shells } from "../../completion/scripts.js";
import { type ExitCode, exitCodes } from "../../terminal/exit.js";

export function completionCommand(program: Command, exit: (code: ExitCode) => void): void {
  program
    .command("completion")
    .description("print the script that lets a shell complete commands, options, collections and error codes")
    .addArgument(new Argument("<shell>", "the shell").choices(shells))
    .addHelpText("after", usage)
    .action((shell: Shell) => {
      process.stdout.write(completionScript(shell));
      exit(exitCodes.ok);
    });
}

const usage = `
Then Tab completes in every new shell:
  bash   echo 'source <(headrace completion bash)' >> ~/.bashrc
  zsh    echo 'source <(headrace completion zsh)' >> ~/.zshrc
  fish   echo 'headrace completion fish | source' >> ~/.config/fish/config.fish`;
