module label-studio-pulumi/local/tools/pause

go 1.26.0
