package main

import (
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// arrange puts a command line into the order the parser wants: commands, flags,
// then everything else. So flags may stand anywhere, before the command and
// between its arguments. What follows "--" is never a flag.
func arrange(model *kong.Application, args []string) []string {
	node := model.Node
	valued := valuedFlags(node)
	var commands, flags, rest []string
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			rest = append(rest, args[i+1:]...)
			break
		}
		if len(arg) > 1 && arg[0] == '-' {
			flags = append(flags, arg)
			if valued[arg] && i+1 < len(args) {
				i++
				flags = append(flags, args[i])
			}
			continue
		}
		if child := childCommand(node, arg); child != nil && len(rest) == 0 {
			node = child
			commands = append(commands, arg)
			continue
		}
		rest = append(rest, arg)
	}
	if len(rest) > 0 {
		rest = append([]string{"--"}, rest...)
	}
	return slices.Concat(commands, flags, rest)
}

func childCommand(node *kong.Node, name string) *kong.Node {
	i := slices.IndexFunc(node.Children, func(n *kong.Node) bool {
		return n.Type == kong.CommandNode && (n.Name == name || slices.Contains(n.Aliases, name))
	})
	if i < 0 {
		return nil
	}
	return node.Children[i]
}

// valuedFlags are the flags of all commands that take the next word, as they are
// written. No name may take a value in one command and none in another.
func valuedFlags(node *kong.Node) map[string]bool {
	valued := map[string]bool{}
	var walk func(*kong.Node)
	walk = func(n *kong.Node) {
		for _, f := range n.Flags {
			for _, name := range flagNames(f) {
				valued[name] = !f.IsBool() && !f.IsCounter()
			}
		}
		for _, child := range n.Children {
			walk(child)
		}
	}
	walk(node)
	return valued
}

func flagNames(f *kong.Flag) []string {
	var names []string
	for _, name := range append([]string{f.Name}, f.Aliases...) {
		names = append(names, "--"+strings.TrimPrefix(name, "--"))
	}
	if f.Short != 0 {
		names = append(names, "-"+string(f.Short))
	}
	return names
}
