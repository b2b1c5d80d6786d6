package main

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"github.com/alecthomas/kong"
)

// What the parser says of a line it can't read, and the frame of its help.
var (
	parseUnknownWord = say("多余的参数或未知的命令：%s", "unexpected argument %s")
	parseUnknownFlag = say("没有这个选项：%s", "unknown flag %s")
	parseMeant       = say("%s，是不是 %s？", "%s, did you mean %s?")
	parseMissing     = say("缺少参数：%s", "missing: %s")
	parseOneOf       = say("缺少命令，可用的有：%s", "a command is missing, one of %s")
	parseTogether    = say("%s 和 %s 不能同时使用", "%s and %s can't be used together")
	parseEnum        = say("%s 只能是 %s 之一，而不是 %s", "%s must be one of %s but got %s")
	parseNoValue     = say("%s 后面缺少值；以 - 开头的值要写成 %[1]s=值", "%s wants a value; write one that begins with - as %[1]s=VALUE")
	parseNumber      = say("%s 要一个整数，而不是 %s", "%s wants a whole number but got %s")
	parseSwitch      = say("%s 不带值，写成 %[1]s 即可，而不是 %s", "%s is a switch and takes no %s")
	parseOther       = say("命令行有误：%s", "the line can't be read: %s")

	helpHelp     = say("显示帮助", "Show this help.")
	helpUsage    = say("用法：", "Usage: ")
	helpMore     = say("用 tuchuang 命令 --help 查看各命令的用法。", `Run "tuchuang <command> --help" for more information on a command.`)
	helpArgs     = say("参数：", "Arguments:")
	helpCommands = say("命令：", "Commands:")
	helpFlags    = say("选项：", "Flags:")
	helpCommand  = say("<命令>", "<command>")
	helpOptions  = say("[选项]", "[flags]")
	helpExits    = say("退出码：0 没有任何失败；1 有失败；2 命令行或配置有误，什么也没有做；130 被 Ctrl-C 中断。\n与任务有关的命令还有：3 有图片失败或任务失败；4 超出任务的上限或空间不足；5 任务已取消。",
		"Exit codes: 0 nothing failed; 1 something did; 2 the line or a setting makes no sense\nand nothing was done; 130 it was interrupted; of commands about a task also\n3 pictures or the task failed; 4 it asks for more than a task may or the quota has\nroom for; 5 it was cancelled.")
)

// helpful turns what people try first into what the parser knows: no word at all, a
// group of commands alone that does nothing by itself, help and --version.
func helpful(model *kong.Application, args []string) []string {
	if len(args) > 0 && args[0] == "help" {
		return append(args[1:len(args):len(args)], "--help")
	}
	if len(args) == 1 && (args[0] == "--version" || args[0] == "-V") {
		return []string{"version"}
	}
	node := model.Node
	for _, arg := range args {
		if node = childCommand(node, arg); node == nil {
			return args
		}
	}
	if len(node.Children) > 0 && node.DefaultCmd == nil {
		return append(args[:len(args):len(args)], "--help")
	}
	return args
}

// parserSays are the sentences of the parser's library that a line can lead to; the
// groups are what ours want, in their order.
var parserSays = []struct {
	form *regexp.Regexp
	ours text
}{
	{regexp.MustCompile(`(?s)^unexpected argument (.*)$`), parseUnknownWord},
	{regexp.MustCompile(`(?s)^unknown flag (.*)$`), parseUnknownFlag},
	{regexp.MustCompile(`^missing positional arguments (.*)$`), parseMissing},
	{regexp.MustCompile(`^expected one of (.*)$`), parseOneOf},
	{regexp.MustCompile(`^expected "(.*)"$`), parseMissing},
	{regexp.MustCompile(`^(--\S+) and (--\S+) can't be used together$`), parseTogether},
	{regexp.MustCompile(`(?s)^(--\S+) must be one of (.*) but got (".*")$`), parseEnum},
	{regexp.MustCompile(`(?s)^(--\S+): expected \S+ value but got .*$`), parseNoValue},
	{regexp.MustCompile(`(?s)^(--\S+): expected a valid \d+ bit int but got (".*")$`), parseNumber},
	{regexp.MustCompile(`(?s)^(--\S+): bool value must be true.* but got (".*")$`), parseSwitch},
}

var parserMeant = regexp.MustCompile(`(?s)^(.*), did you mean (?:one of )?(.*)\?$`)

// parseError words what the parser says in the user's language.
func (u *ui) parseError(err error) string {
	said, meant := err.Error(), ""
	if m := parserMeant.FindStringSubmatch(said); m != nil {
		said, meant = m[1], m[2]
	}
	what := u.text(parseOther, printable(said))
	for _, s := range parserSays {
		if m := s.form.FindStringSubmatch(said); m != nil {
			args := make([]any, len(m)-1)
			for i, group := range m[1:] {
				args[i] = printable(group)
			}
			what = u.text(s.ours, args...)
			break
		}
	}
	if meant != "" {
		what = u.text(parseMeant, what, meant)
	}
	return what
}

// printHelp prints the help of a command in the user's language; that of the whole
// program says what the exit codes mean.
func (u *ui) printHelp(o kong.HelpOptions, ctx *kong.Context) error {
	whole := ctx.Selected() == nil
	if !u.zh {
		if err := kong.DefaultHelpPrinter(o, ctx); err != nil || !whole {
			return err
		}
		_, err := fmt.Fprint(u.out, "\n", u.text(helpExits), "\n")
		return err
	}
	var b bytes.Buffer
	out := ctx.Stdout
	ctx.Stdout = &b
	err := kong.DefaultHelpPrinter(o, ctx)
	ctx.Stdout = out
	if err != nil {
		return err
	}
	help := u.inChinese(b.String())
	if whole {
		help += "\n" + u.text(helpExits) + "\n"
	}
	_, err = fmt.Fprint(u.out, help)
	return err
}

// inChinese puts the frame of the library's help into Chinese; what stands in it has
// come from our own texts.
func (u *ui) inChinese(help string) string {
	var b strings.Builder
	for line := range strings.Lines(help) {
		for _, t := range []text{helpMore, helpArgs, helpCommands, helpFlags} {
			if strings.TrimSuffix(line, "\n") == t.en {
				line = t.zh + "\n"
			}
		}
		if usage, ok := strings.CutPrefix(line, helpUsage.en); ok {
			line = helpUsage.zh + strings.NewReplacer(helpCommand.en, helpCommand.zh, helpOptions.en, helpOptions.zh).Replace(usage)
		}
		b.WriteString(line)
	}
	return b.String()
}
