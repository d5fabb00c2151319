import Commands

@main
enum HoldfastMain {
    static func main() async {
        await HoldfastCommand.run()
    }
}
